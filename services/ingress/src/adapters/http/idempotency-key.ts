import type { FastifyRequest } from "fastify";

/** The key that makes a repetition harmless, as it was given: the `Idempotency-Key` header, else the parameter `idempotencykey`. */
export function idempotencyKeyOf(request: FastifyRequest, params: Record<string, unknown>): unknown {
  const header = request.headers["idempotency-key"];
  return typeof header === "string" && header !== "" ? unquoted(header) : params.idempotencykey;
}

/** The IETF draft sends a structured string in quotes, most callers none. */
function unquoted(header: string): string {
  return /^"(.*)"$/.exec(header)?.[1] ?? header;
}
