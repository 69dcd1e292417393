import type { ErrorResult, OpenTicketCommand, OpenTicketResult, TicketRecord } from "@openticket/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { accept, openAndWait } from "../../../intake/accept.ts";
import { type Caller, mayUse } from "../../../intake/authenticate.ts";
import { makeCommand } from "../../../intake/make-command.ts";
import { readBody } from "../body/read-body.ts";
import type { HttpDeps } from "../http-deps.ts";
import { idempotencyKeyOf } from "../idempotency-key.ts";
import { authenticateRest } from "./bearer.ts";
import { Problem } from "./problem.ts";
import { viewTicket } from "./view.ts";

/**
 * `POST /v1/tickets`, `GET /v1/tickets/{id}` and its attachments.
 *
 * Statuses of POST: 201 opened (200 with `Idempotency-Replayed: true` for a repetition); 202 accepted, where
 * `Prefer: respond-async` asks for it; 400 unreadable body; 401, 403; 413, 415; 422 the ticket is wrong, with every
 * error, or its idempotency key was used for another request; 503 with Retry-After.
 */
export function registerTickets(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/tickets", async (request, reply) => {
    const caller = await authenticateRest(request, deps);
    requireAction(caller, "openticket");
    await deps.gate();
    const command = await readCommand(request, caller, deps);
    reply.header("x-request-id", command.requestId);
    request.log.debug({ requestId: command.requestId, credential: caller.credential }, "command made");
    if (wantsAsync(request)) return answerEarly(reply, command, deps);
    return answer(reply, await openAndWait(command, deps));
  });

  app.get<{ Params: { id: string } }>("/v1/tickets/:id", async (request) => {
    return viewTicket(await readableTicket(request, request.params.id, deps));
  });

  app.get<{ Params: { id: string; index: string } }>("/v1/tickets/:id/attachments/:index", async (request, reply) => {
    const ticket = await readableTicket(request, request.params.id, deps);
    const attachment = /^\d{1,4}$/.test(request.params.index) ? ticket.attachments[Number(request.params.index)] : undefined;
    if (!attachment)
      throw new Problem(404, "Not Found", `Ticket ${ticket.id} has no attachment ${request.params.index}; it has ${ticket.attachments.length}, counted from 0`);
    // A stranger chose name and type: the browser is to store the file, not to show it.
    const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(attachment.name)}`;
    return reply
      .headers({
        "content-type": "application/octet-stream",
        "content-disposition": disposition,
        "content-length": attachment.size,
        "x-content-type-options": "nosniff",
      })
      .send(await deps.blobs.open(attachment.sha256));
  });
}

async function readCommand(request: FastifyRequest, caller: Caller, deps: HttpDeps): Promise<OpenTicketCommand> {
  const body = await readBody(request.raw, request.headers, { limits: deps.bodyLimits, storeBlob: (content, meta) => deps.blobs.put(content, meta) });
  const { credential, admin } = caller;
  const idempotencyKey = idempotencyKeyOf(request, body.params);
  return makeCommand({ channel: "rest", credential, admin, ip: request.ip, idempotencyKey, ...body }, deps);
}

async function answerEarly(reply: FastifyReply, command: OpenTicketCommand, deps: HttpDeps): Promise<FastifyReply> {
  const acceptance = await accept(command, deps);
  if (acceptance.kind === "conflict")
    throw rejected({ requestId: command.requestId, result: "error", message: acceptance.error.message, errors: [acceptance.error] });
  const location = `/v1/requests/${command.requestId}`;
  return reply.code(202).headers({ location, "preference-applied": "respond-async" }).send({ requestId: command.requestId, state: "queued", location });
}

function answer(reply: FastifyReply, result: OpenTicketResult): FastifyReply {
  if (result.result === "error") throw rejected(result);
  const { requestId, id, tid, c, replayed = false } = result;
  if (replayed) reply.header("idempotency-replayed", "true");
  return reply
    .code(replayed ? 200 : 201)
    .header("location", `/v1/tickets/${id}`)
    .send({ requestId, ...(replayed && { replayed }), id, tid, c });
}

/** Every error of a rejected ticket as one problem. */
export function rejected({ requestId, message, errors }: ErrorResult): Problem {
  return new Problem(422, "The ticket was rejected", message, { errors, requestId });
}

function wantsAsync(request: FastifyRequest): boolean {
  return [request.headers.prefer ?? []].flat().some((value) => /(^|,)\s*respond-async\s*(;|,|$)/i.test(value));
}

/** The ticket, for a credential that opened it or that may use GetTicket. Others cannot tell whether it exists. */
async function readableTicket(request: FastifyRequest, id: string, deps: HttpDeps): Promise<TicketRecord> {
  const caller = await authenticateRest(request, deps);
  const ticket = /^[1-9]\d{0,14}$/.test(id) ? await deps.tickets.findById(Number(id)) : undefined;
  if (ticket && (mayUse(caller, "getticket") || ticket.source.credential === caller.credential)) return ticket;
  throw new Problem(404, "Not Found", `There is no ticket ${id.slice(0, 40)} that this credential may see`);
}

function requireAction(caller: Caller, action: string): void {
  if (!mayUse(caller, action)) throw new Problem(403, "Forbidden", `The credential has no permission for "${action}"`);
}
