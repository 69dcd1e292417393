import { StoreUnavailable } from "./outage.ts";

/**
 * How long one operation may take, ms: longer than it may look for a primary (10 s) and then be met with silence (15 s).
 *
 * The driver has limits of its own, but not for everything: a command that does not fit into the socket's buffers while
 * the network is frozen is waited for without an end (seen with mongodb 7.8: the socket is destroyed at its time-out, and
 * the write waits for its `drain`). Whoever waits behind such a command would wait for ever as well.
 */
const OPERATION_TIMEOUT_MS = 30_000;

/** What became of the operation; throws {@link StoreUnavailable} when that is not known in time. It may still happen. */
export async function inTime<T>(operation: Promise<T>, timeoutMs = OPERATION_TIMEOUT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailable(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([operation, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same operations, each of them in time: see {@link inTime}. */
export function eachInTime<T extends object>(operations: T): T {
  const bounded = Object.entries(operations).map(([name, operation]) => [name, (...given: unknown[]) => inTime(operation(...given))]);
  return Object.fromEntries(bounded) as T;
}
