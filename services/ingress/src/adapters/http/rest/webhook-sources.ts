import type { WebhookSource } from "@openticket/contract";
import { type Changed, SecretsLocked, type SourceView, viewSource } from "@openticket/webhooks";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { mayUse } from "../../../intake/authenticate.ts";
import type { HttpDeps } from "../http-deps.ts";
import { authenticateRest } from "./bearer.ts";
import { readJsonBody } from "./json-body.ts";
import { Problem } from "./problem.ts";

/** What a credential must be allowed to do for setting up webhooks. */
export const MANAGE_WEBHOOKS = "managewebhooks";

type Named = FastifyRequest<{ Params: { name: string } }>;
type WithSecret = FastifyRequest<{ Params: { name: string; id: string } }>;
const PATH = "/v1/webhook-sources";

/**
 * Sources of webhooks: `GET` and `POST /v1/webhook-sources`, `GET`, `PUT` and `DELETE /v1/webhook-sources/{name}`, `POST
 * …/{name}/secrets`, `DELETE …/{name}/secrets/{id}`. No answer holds a secret, but the one that has made it or was given it.
 * 200, 201, 204; 400 no JSON; 401; 403 without the permission `managewebhooks`; 404; 409 there is one of that name; 412 it
 * was changed since `If-Match`; 422 with every fault of the definition; 503 also without SECRETS_KEY.
 */
export function registerWebhookSources(app: FastifyInstance, deps: HttpDeps): void {
  const { store, manager } = deps.webhookSources;
  const show = (request: FastifyRequest, source: WebhookSource) => viewSource(source, deps.webhookSources.publicUrl ?? `${request.protocol}://${request.host}`);
  const answer = (request: FastifyRequest, reply: FastifyReply, changed: Changed) => answerChange(reply, changed, (source) => show(request, source));
  const admitted = async (request: FastifyRequest) => {
    const caller = await authenticateRest(request, deps);
    if (!mayUse(caller, MANAGE_WEBHOOKS)) throw new Problem(403, "Forbidden", `The credential has no permission for "${MANAGE_WEBHOOKS}"`);
  };

  app.get(PATH, async (request) => {
    await admitted(request);
    return { sources: (await store.all()).map((source) => show(request, source)) };
  });
  app.post(PATH, async (request, reply) => {
    await admitted(request);
    const changed = await unlocked(manager.create(await readJsonBody(request)));
    if (changed.kind === "done") reply.code(201).header("location", `${PATH}/${changed.source._id}`);
    return answer(request, reply, changed);
  });
  app.get(`${PATH}/:name`, async (request: Named, reply) => {
    await admitted(request);
    const source = await store.find(request.params.name);
    if (!source) throw missing();
    return reply.header("etag", etagOf(source)).send(show(request, source));
  });
  app.put(`${PATH}/:name`, async (request: Named, reply) => {
    await admitted(request);
    const seenAt = seenIn(request.headers["if-match"]);
    return answer(request, reply, await unlocked(manager.replace(request.params.name, await readJsonBody(request), seenAt)));
  });
  app.delete(`${PATH}/:name`, async (request: Named, reply) => {
    await admitted(request);
    if (!(await store.remove(request.params.name))) throw missing();
    return reply.code(204).send();
  });
  app.post(`${PATH}/:name/secrets`, async (request: Named, reply) => {
    await admitted(request);
    const changed = await unlocked(manager.addSecret(request.params.name, await readJsonBody(request)));
    if (changed.kind === "done") reply.code(201);
    return answer(request, reply, changed);
  });
  app.delete(`${PATH}/:name/secrets/:id`, async (request: WithSecret, reply) => {
    await admitted(request);
    const changed = await manager.removeSecret(request.params.name, request.params.id);
    return changed.kind === "done" ? reply.code(204).send() : answer(request, reply, changed);
  });
}

function answerChange(reply: FastifyReply, changed: Changed, show: (source: WebhookSource) => SourceView): FastifyReply {
  switch (changed.kind) {
    case "done":
      return reply.header("etag", etagOf(changed.source)).send({ ...show(changed.source), ...(changed.secret && { newSecret: changed.secret }) });
    case "faulty": {
      const errors = changed.faults.map(({ path, message }) => ({ code: "invalid", field: path, message }));
      throw new Problem(422, "The request was rejected", `The definition has ${errors.length} faults, of which the first is: ${errors[0]?.message}`, {
        errors,
      });
    }
    case "exists":
      throw new Problem(409, "Conflict", "There is a source of that name already");
    case "conflict":
      throw new Problem(412, "Precondition Failed", "The source was changed meanwhile: read it again");
    case "missing":
      throw missing();
  }
}

async function unlocked<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof SecretsLocked ? new Problem(503, "Service Unavailable", error.message) : error;
  });
}

function missing(): Problem {
  return new Problem(404, "Not Found", "There is no such source, or no such secret of it");
}

function etagOf({ updatedAt }: WebhookSource): string {
  return `"${updatedAt.getTime()}"`;
}

/** When the source was last changed, as its ETag says; a tag that is none fits no source. */
function seenIn(header: string | undefined): Date | undefined {
  if (header === undefined || header === "*") return undefined;
  const [, ms = "-1"] = /^"(\d{1,15})"$/.exec(header) ?? [];
  return new Date(Number(ms));
}
