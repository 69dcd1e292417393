import { COMMAND_TIMEOUT_MS } from "./redis.ts";

/**
 * The answer, when it comes in the time that a door's command has. The connection's own time-outs leave out what it holds back
 * while it is not ready, a cluster's of which nobody is there without end.
 */
export async function inCommandTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${COMMAND_TIMEOUT_MS} ms`)), COMMAND_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
