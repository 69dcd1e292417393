import type { WebhookSource } from "@openticket/contract";
import { type Changed, type SourceView, viewSource } from "@openticket/webhooks";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { HttpDeps } from "../http-deps.ts";
import { readJsonBody } from "./json-body.ts";
import { Problem } from "./problem.ts";
import { faultyDefinition, forManagers } from "./webhook-setup.ts";

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
  const guarded = forManagers(deps);

  app.get(
    PATH,
    guarded(async (request) => {
      return { sources: (await store.all()).map((source) => show(request, source)) };
    }),
  );
  app.post(
    PATH,
    guarded(async (request, reply) => {
      const changed = await manager.create(await readJsonBody(request));
      if (changed.kind === "done") reply.code(201).header("location", `${PATH}/${changed.source._id}`);
      return answer(request, reply, changed);
    }),
  );
  app.get(
    `${PATH}/:name`,
    guarded(async (request: Named, reply) => {
      const source = await store.find(request.params.name);
      if (!source) throw missing();
      return reply.header("etag", etagOf(source)).send(show(request, source));
    }),
  );
  app.put(
    `${PATH}/:name`,
    guarded(async (request: Named, reply) => {
      const seenAt = seenIn(request.headers["if-match"]);
      return answer(request, reply, await manager.replace(request.params.name, await readJsonBody(request), seenAt));
    }),
  );
  app.delete(
    `${PATH}/:name`,
    guarded(async (request: Named, reply) => {
      if (!(await store.remove(request.params.name))) throw missing();
      return reply.code(204).send();
    }),
  );
  app.post(
    `${PATH}/:name/secrets`,
    guarded(async (request: Named, reply) => {
      const changed = await manager.addSecret(request.params.name, await readJsonBody(request));
      if (changed.kind === "done") reply.code(201);
      return answer(request, reply, changed);
    }),
  );
  app.delete(
    `${PATH}/:name/secrets/:id`,
    guarded(async (request: WithSecret, reply) => {
      const changed = await manager.removeSecret(request.params.name, request.params.id);
      return changed.kind === "done" ? reply.code(204).send() : answer(request, reply, changed);
    }),
  );
}

function answerChange(reply: FastifyReply, changed: Changed, show: (source: WebhookSource) => SourceView): FastifyReply {
  switch (changed.kind) {
    case "done":
      return reply.header("etag", etagOf(changed.source)).send({ ...show(changed.source), ...(changed.secret && { newSecret: changed.secret }) });
    case "faulty":
      throw faultyDefinition(changed.faults);
    case "exists":
      throw new Problem(409, "Conflict", "There is a source of that name already");
    case "conflict":
      throw new Problem(412, "Precondition Failed", "The source was changed meanwhile: read it again");
    case "missing":
      throw missing();
  }
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
