import { CALL_STATES, callState, type WebhookEndpoint } from "@openticket/contract";
import { type EndpointChanged, type EndpointManager, viewCall, viewEndpoint } from "@openticket/webhooks";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { HttpDeps } from "../http-deps.ts";
import { readJsonBody } from "./json-body.ts";
import { Problem } from "./problem.ts";
import { faultyDefinition, forManagers } from "./webhook-setup.ts";

type Named = FastifyRequest<{ Params: { name: string } }>;
type WithId = FastifyRequest<{ Params: { name: string; id: string } }>;
const PATH = "/v1/webhook-endpoints";

const DEFAULT_PAGE = 50;
const MAX_PAGE = 500;
const query = z.object({
  state: callState.optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(MAX_PAGE)).default(DEFAULT_PAGE),
  after: z.string().optional(),
});

/**
 * Endpoints of our events: `GET` and `POST /v1/webhook-endpoints`, `GET`, `PATCH` and `DELETE /v1/webhook-endpoints/{name}`,
 * `POST …/secrets`, `DELETE …/secrets/{id}`, `POST …/test`, `GET …/deliveries?state=&limit=&after=`; and
 * `POST /v1/webhook-deliveries/{id}/replay`. No answer holds a secret, but the one that has made it.
 * 200, 201, 202 (a call is owed), 204; 400; 401; 403 without the permission `managewebhooks`; 404; 409 there is one of that
 * name, as many as may be, a call that is being sent, or a test of an endpoint that gets no calls; 412 changed meanwhile; 422 with
 * every fault; 503 also without SECRETS_KEY.
 */
export function registerWebhookEndpoints(app: FastifyInstance, deps: HttpDeps): void {
  const { store, manager } = deps.webhookEndpoints;
  const guarded = forManagers(deps);

  app.get(
    PATH,
    guarded(async () => ({ endpoints: (await store.all()).map(viewEndpoint) })),
  );
  app.post(
    PATH,
    guarded(async (request, reply) => {
      const changed = await manager.create(await readJsonBody(request));
      if (changed.kind === "done") reply.code(201).header("location", `${PATH}/${changed.endpoint._id}`);
      return answerChange(changed);
    }),
  );
  app.get(
    `${PATH}/:name`,
    guarded(async (request: Named) => viewEndpoint(await existing(request, deps))),
  );
  app.patch(
    `${PATH}/:name`,
    guarded(async (request: Named) => answerChange(await manager.change(request.params.name, (await readJsonBody(request)) ?? {}))),
  );
  app.delete(
    `${PATH}/:name`,
    guarded(async (request: Named, reply) => {
      if (!(await manager.remove(request.params.name))) throw missing();
      return reply.code(204).send();
    }),
  );
  app.post(
    `${PATH}/:name/secrets`,
    guarded(async (request: Named, reply) => {
      const changed = await manager.addSecret(request.params.name, await readJsonBody(request));
      if (changed.kind === "done") reply.code(201);
      return answerChange(changed);
    }),
  );
  app.delete(
    `${PATH}/:name/secrets/:id`,
    guarded(async (request: WithId, reply) => {
      answerChange(await manager.removeSecret(request.params.name, request.params.id));
      return reply.code(204).send();
    }),
  );
  app.post(
    `${PATH}/:name/test`,
    guarded(async (request: Named, reply) => reply.code(202).send(await testEndpoint(request.params.name, manager))),
  );
  app.get(
    `${PATH}/:name/deliveries`,
    guarded((request: Named) => listDeliveries(request, deps)),
  );
  app.post(
    "/v1/webhook-deliveries/:id/replay",
    guarded(async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
      return reply.code(202).send(await replayCall(request.params.id, manager));
    }),
  );
}

async function existing(request: Named, { webhookEndpoints: { store } }: HttpDeps): Promise<WebhookEndpoint> {
  const endpoint = await store.find(request.params.name);
  if (!endpoint) throw missing();
  return endpoint;
}

function answerChange(changed: EndpointChanged) {
  switch (changed.kind) {
    case "done":
      return { ...viewEndpoint(changed.endpoint), ...(changed.secret && { newSecret: changed.secret }) };
    case "faulty":
      throw faultyDefinition(changed.faults);
    case "exists":
      throw new Problem(409, "Conflict", "There is an endpoint of that name already");
    case "full":
      throw new Problem(409, "Conflict", "There are as many endpoints as may be");
    case "conflict":
      throw new Problem(412, "Precondition Failed", "The endpoint was changed meanwhile: try it again");
    case "missing":
      throw missing();
  }
}

async function testEndpoint(name: string, manager: EndpointManager): Promise<{ delivery: string }> {
  const tested = await manager.test(name);
  if (tested.kind === "missing") throw missing();
  if (tested.kind !== "owed") throw new Problem(409, "Conflict", "The endpoint is disabled: it gets no calls");
  return { delivery: tested.callId };
}

async function replayCall(id: string, manager: EndpointManager): Promise<{ delivery: string }> {
  const replayed = await manager.replay(id);
  if (replayed === "unknown") throw new Problem(404, "Not Found", "There is no such delivery");
  if (replayed === "in-hand") throw new Problem(409, "Conflict", "The delivery is being sent at this moment");
  return { delivery: id };
}

async function listDeliveries(request: Named, deps: HttpDeps) {
  const asked = query.safeParse(request.query);
  if (!asked.success) throw new Problem(400, "Bad Request", `state must be one of ${CALL_STATES.join(", ")}, limit a whole number from 1 to ${MAX_PAGE}`);
  const { _id: endpoint } = await existing(request, deps);
  const calls = await deps.webhookEndpoints.calls.list({ endpoint, ...asked.data });
  const last = calls.length === asked.data.limit ? calls.at(-1) : undefined;
  return { deliveries: calls.map(viewCall), ...(last && { next: last._id }) };
}

function missing(): Problem {
  return new Problem(404, "Not Found", "There is no such endpoint, or no such secret of it");
}
