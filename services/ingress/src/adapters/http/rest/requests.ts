import { requestIdOfKey } from "@openticket/contract";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Caller } from "../../../intake/authenticate.ts";
import { QueueUnavailable } from "../../../intake/ports.ts";
import { awaitStatus } from "../../../intake/request-status.ts";
import type { HttpDeps } from "../http-deps.ts";
import { authenticateRest } from "./bearer.ts";
import { Problem } from "./problem.ts";

/** Longest time that one question may wait, seconds: below the time-outs of common proxies. */
const MAX_WAIT_S = 30;

/**
 * `GET /v1/requests/{requestId}?wait=<seconds>`, or `GET /v1/requests?idempotencyKey=<key>`: what became of a request.
 * 200 with its state, 404 when this credential has no such request, 503 when neither can be said now.
 */
export function registerRequests(app: FastifyInstance, deps: HttpDeps): void {
  app.get<{ Params: { requestId: string }; Querystring: { wait?: string } }>("/v1/requests/:requestId", async (request, reply) => {
    const caller = await authenticateRest(request, deps);
    return answer(reply, caller, request.params.requestId, readWaitMs(request.query.wait));
  });

  app.get<{ Querystring: { idempotencyKey?: string; wait?: string } }>("/v1/requests", async (request, reply) => {
    const caller = await authenticateRest(request, deps);
    const { idempotencyKey } = request.query;
    if (!idempotencyKey) throw new Problem(400, "Bad Request", "idempotencyKey is missing; or ask for /v1/requests/{requestId}");
    return answer(reply, caller, requestIdOfKey(caller.credential, idempotencyKey), readWaitMs(request.query.wait));
  });

  async function answer(reply: FastifyReply, caller: Caller, requestId: string, waitMs: number) {
    const status = await awaitStatus(requestId, caller.credential, waitMs, deps).catch((error: unknown) => {
      // Of the request itself this says nothing.
      if (!(error instanceof QueueUnavailable)) throw error;
      throw new Problem(503, "Outcome not known now", "The queue is not available; ask again", {}, deps.retryAfter());
    });
    if (status.state === "unknown") throw new Problem(404, "Not Found", `There is no request ${requestId.slice(0, 200)} of this credential`);
    if (status.state === "queued" || status.state === "working") reply.header("retry-after", "1");
    return "result" in status && status.result.result === "error" ? { ...status, errors: status.result.errors } : status;
  }
}

function readWaitMs(given: string | undefined): number {
  if (given === undefined) return 0;
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(given) ? Number(given) : undefined;
  if (seconds === undefined) throw new Problem(400, "Bad Request", `wait must be a number of seconds from 0 to ${MAX_WAIT_S}, got "${given.slice(0, 40)}"`);
  return Math.min(seconds, MAX_WAIT_S) * 1000;
}
