import { type DefinitionFault, SecretsLocked } from "@openticket/webhooks";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpDeps } from "../http-deps.ts";
import { authenticateRest, requirePermission } from "./bearer.ts";
import { Problem } from "./problem.ts";

/** What a credential must be allowed to do for setting up webhooks, in and out. */
export const MANAGE_WEBHOOKS = "managewebhooks";

type Handle<R> = (request: R, reply: FastifyReply) => Promise<unknown>;

/** A handler for those alone who may set up webhooks. Without SECRETS_KEY it answers 503 where secrets are needed. */
export function forManagers(deps: HttpDeps): <R extends FastifyRequest>(handle: Handle<R>) => Handle<R> {
  return (handle) => async (request, reply) => {
    requirePermission(await authenticateRest(request, deps), MANAGE_WEBHOOKS);
    return handle(request, reply).catch((error: unknown) => {
      throw error instanceof SecretsLocked ? new Problem(503, "Service Unavailable", error.message) : error;
    });
  };
}

/** The answer to a definition with faults: 422 with every one of them. */
export function faultyDefinition(faults: readonly DefinitionFault[]): Problem {
  const errors = faults.map(({ path, message }) => ({ code: "invalid", field: path, message }));
  return new Problem(422, "The request was rejected", `The definition has ${errors.length} faults, of which the first is: ${errors[0]?.message}`, { errors });
}
