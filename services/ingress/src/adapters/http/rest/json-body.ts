import type { FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

/** Largest document of a configuration, bytes. */
const MAX_BYTES = 512 * 1024;

/** The JSON value in a request's body; undefined for an empty one. Throws a {@link Problem} with 400 or 413. */
export async function readJsonBody(request: FastifyRequest): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The connection must outlive a refusal: its sender is to read why.
  for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Problem(413, "Content Too Large", `The document is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Problem(400, "Bad Request", "The body is not JSON");
  }
}
