import type { FastifyRequest } from "fastify";

/** The key that makes a repetition harmless: the `Idempotency-Key` header, else the parameter `idempotencykey`. */
export function idempotencyKeyOf(request: FastifyRequest, params: Record<string, unknown>): string | undefined {
  const header = request.headers["idempotency-key"];
  const given = typeof header === "string" && header !== "" ? unquoted(header) : params.idempotencykey;
  return typeof given === "string" && given !== "" ? given : undefined;
}

/** The IETF draft sends a structured string in quotes, most callers none. */
function unquoted(header: string): string {
  return /^"(.*)"$/.exec(header)?.[1] ?? header;
}
