import { INBOUND_STATES, type InboundRecord, inboundRecord, inboundState } from "@openticket/contract";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { HttpDeps } from "../http-deps.ts";
import { authenticateRest, requirePermission } from "./bearer.ts";
import { Problem } from "./problem.ts";

/** What a credential must be allowed to do for seeing messages that came in: they are of strangers, and of no credential. */
export const GET_INBOUND = "getinbound";

/** A message that came in, as the REST API shows it; its raw content stays with the operator's command line. */
export const inboundView = inboundRecord.omit({ _id: true, checkAt: true, queuePrefix: true, waitsSince: true }).extend({
  id: z.string(),
  writtenAt: z.iso.datetime().optional(),
  receivedAt: z.iso.datetime(),
  decidedAt: z.iso.datetime().optional(),
  contentRemovedAt: z.iso.datetime().optional(),
});
export const inboundPage = z.object({ inbound: z.array(inboundView), next: z.string().optional().describe("`after` of the next page, when there may be one") });

const DEFAULT_PAGE = 50;
const MAX_PAGE = 500;
const query = z.object({
  mailbox: z
    .string()
    .transform((address) => address.toLowerCase())
    .optional(),
  source: z.string().optional(),
  state: inboundState.optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(MAX_PAGE)).default(DEFAULT_PAGE),
  after: z.string().optional(),
});

/**
 * `GET /v1/inbound/{id}` and `GET /v1/inbound?mailbox=&source=&state=&limit=&after=`, newest first: what became of messages.
 * 200; 400 for a query that cannot be read; 401; 403 without the permission `getinbound`; 404.
 */
export function registerInbound(app: FastifyInstance, deps: HttpDeps): void {
  app.get<{ Params: { id: string } }>("/v1/inbound/:id", async (request) => {
    requirePermission(await authenticateRest(request, deps), GET_INBOUND);
    const record = await deps.inbound.find(request.params.id);
    if (!record) throw new Problem(404, "Not Found", `There is no message ${request.params.id.slice(0, 60)}`);
    return viewInbound(record);
  });

  app.get("/v1/inbound", async (request) => {
    requirePermission(await authenticateRest(request, deps), GET_INBOUND);
    const asked = query.safeParse(request.query);
    if (!asked.success) throw new Problem(400, "Bad Request", faultOf(asked.error));
    const { limit } = asked.data;
    const records = await deps.inbound.list(asked.data);
    const last = records.length === limit ? records.at(-1) : undefined;
    return { inbound: records.map(viewInbound), ...(last && { next: last._id }) };
  });
}

/** See {@link inboundView}. */
export function viewInbound({
  _id: id,
  checkAt,
  queuePrefix,
  waitsSince,
  writtenAt,
  receivedAt,
  decidedAt,
  contentRemovedAt,
  ...shown
}: InboundRecord): z.infer<typeof inboundView> {
  const later = { ...(decidedAt && { decidedAt: decidedAt.toISOString() }), ...(contentRemovedAt && { contentRemovedAt: contentRemovedAt.toISOString() }) };
  return { id, ...shown, ...(writtenAt && { writtenAt: writtenAt.toISOString() }), receivedAt: receivedAt.toISOString(), ...later };
}

function faultOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const field = String(issue?.path[0] ?? "query");
  if (field === "state") return `state must be one of ${INBOUND_STATES.join(", ")}`;
  return field === "limit" ? `limit must be a whole number from 1 to ${MAX_PAGE}` : `${field} is not a text`;
}
