import type { FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

/** Largest document of a configuration, bytes. */
const MAX_BYTES = 512 * 1024;

/** Levels of lists and objects in one another; a definition has few. */
const MAX_NESTING = 50;

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
  const value = parsed(Buffer.concat(chunks));
  if (isDeeper(value, MAX_NESTING)) throw new Problem(400, "Bad Request", `The body is nested in more than ${MAX_NESTING} levels`);
  return value;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Problem(400, "Bad Request", "The body is not JSON");
  }
}

/** Level by level: what is nested too deeply for a recursion is what this looks for. */
function isDeeper(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
    if (level.length === 0) return false;
  }
  return true;
}
