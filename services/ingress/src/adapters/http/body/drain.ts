import type { Readable } from "node:stream";

/** How much of a refused body is read before the connection is cut. */
export interface DrainLimits {
  maxBytes: number;
  maxMs: number;
}

/**
 * Reads and forgets the rest of a refused body, so that a client which is still sending gets to read the answer
 * instead of a reset connection. Call it when the answer has been written. Resolves to "ended" when the client has
 * sent everything or gone away; beyond the limits the stream, and with it a request's socket, is destroyed: "cut".
 */
export function drain(stream: Readable, { maxBytes, maxMs }: DrainLimits): Promise<"ended" | "cut"> {
  if (stream.readableEnded || stream.destroyed) return Promise.resolve("ended");
  return new Promise((resolve) => {
    let drainedBytes = 0;
    const settle = (outcome: "ended" | "cut") => {
      clearTimeout(timer);
      stream.off("data", onData).off("end", onGone).off("close", onGone);
      if (outcome === "cut") stream.destroy();
      resolve(outcome);
    };
    const onGone = () => settle("ended");
    const onData = (chunk: Uint8Array | string) => {
      drainedBytes += chunk.length;
      if (drainedBytes > maxBytes) settle("cut");
    };
    const timer = setTimeout(settle, maxMs, "cut");
    stream.on("error", ignore).on("end", onGone).on("close", onGone).on("data", onData).resume();
  });
}

/** A connection that breaks while it is drained has served its purpose. */
function ignore(): void {}
