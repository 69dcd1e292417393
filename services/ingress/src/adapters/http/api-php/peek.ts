import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type BodyLimits, readBody } from "../body/read-body.ts";

/** How long the first bytes of a refused body are waited for, ms. */
const WAIT_MS = 500;

/**
 * What the first bytes of a body say, for a call that is refused without reading it: its answer is to have the format
 * that the caller asked for. Reads no further and stores nothing; the rest of the body stays where it is. Never throws.
 */
export async function peekParams(request: IncomingMessage, limits: BodyLimits): Promise<Record<string, unknown>> {
  const start = await firstBytes(request);
  if (start === null) return {};
  let known: Record<string, unknown> = {};
  const { "content-type": contentType } = request.headers;
  const deps = {
    limits,
    storeBlob: () => Promise.reject(new Error("nothing is stored for a refused call")),
    onFailure: (paramsSoFar: Record<string, unknown>) => {
      known = paramsSoFar;
    },
  };
  const read = readBody(Readable.from([start]), contentType === undefined ? {} : { contentType }, deps);
  return read.then(
    ({ params }) => params,
    () => known,
  );
}

async function firstBytes(request: IncomingMessage): Promise<Buffer | null> {
  if (request.readableEnded) return null;
  if (request.readableLength === 0) {
    const stop = new AbortController();
    await Promise.race([once(request, "readable", { signal: stop.signal }), sleep(WAIT_MS, undefined, { signal: stop.signal })]).catch(() => undefined);
    stop.abort();
  }
  return request.read();
}
