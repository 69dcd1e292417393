import type { IncomingMessage } from "node:http";
import type { MemoryBudget } from "./memory-budget.ts";

/** Why a body was not read to its end. `gone`: its sender is no longer there. */
export class BodyRefused extends Error {
  override name = "BodyRefused";
  readonly because: "too-large" | "too-slow" | "no-memory" | "gone";

  constructor(because: BodyRefused["because"]) {
    super(because);
    this.because = because;
  }
}

export interface ReadOptions {
  maxBytes: number;
  /** For the whole body, ms. */
  timeoutMs: number;
  budget: MemoryBudget;
}

/**
 * Reads the body of a call, whole and as it is, within size, time and the memory of all calls together; `release` gives
 * that memory back. Throws {@link BodyRefused}: then the rest of the body is still to come, and nothing is held.
 */
export function readWhole(request: IncomingMessage, { maxBytes, timeoutMs, budget }: ReadOptions): Promise<{ body: Buffer; release(): void }> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(new BodyRefused("too-large"));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;

    function onData(chunk: Buffer): void {
      if (size + chunk.length > maxBytes) return refuse("too-large");
      if (!budget.take(chunk.length)) return refuse("no-memory");
      size += chunk.length;
      chunks.push(chunk);
    }
    function onEnd(): void {
      letGo();
      resolve({ body: Buffer.concat(chunks.splice(0)), release: () => budget.give(size) });
    }
    function refuse(because: BodyRefused["because"]): void {
      letGo();
      request.pause();
      budget.give(size);
      reject(new BodyRefused(because));
    }
    const onGone = () => refuse("gone");
    const timer = setTimeout(refuse, timeoutMs, "too-slow");
    function letGo(): void {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
    }
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}
