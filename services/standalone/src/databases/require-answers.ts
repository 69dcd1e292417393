import { setTimeout as sleep } from "node:timers/promises";
import { QueueUnavailable, reachRedis } from "@openticket/client";
import type { HttpDoor } from "@openticket/ingress";
import { StartFailure } from "./start-failure.ts";

/** How long databases of the environment have for their first answer, and how often they are asked, ms. */
const READY_TIMEOUT_MS = 10_000;
const READY_POLL_MS = 250;

/** Before anything waits for it: a worker that cannot reach Redis takes its whole time to end. */
export async function requireRedis({ REDIS_URL: url, QUEUE_PREFIX: prefix }: { REDIS_URL: string; QUEUE_PREFIX: string }): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      (await reachRedis({ url, prefix, name: "openticket-start", role: "door" })).disconnect();
      return;
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error;
      if (performance.now() > deadlineMs) throw new StartFailure(`${error.message}; REDIS_URL says where it is`);
      await sleep(READY_POLL_MS);
    }
  }
}

/** The services mend their connections for ever; what does not answer at all when it is first needed has a wrong address. */
export async function requireReady(readiness: HttpDoor["readiness"]): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  let { isReady, checks } = await readiness();
  while (!isReady && performance.now() < deadlineMs) {
    await sleep(READY_POLL_MS);
    ({ isReady, checks } = await readiness());
  }
  if (isReady) return;
  const faults = Object.entries(checks).filter(([, answer]) => answer !== "ok");
  throw new StartFailure(faults.map(([name, answer]) => silent(name, answer)).join("; "));
}

function silent(name: string, answer: string): string {
  return `${name} does not answer (${answer}); ${name.toUpperCase()}_URL says where it is`;
}
