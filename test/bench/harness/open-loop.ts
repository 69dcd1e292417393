import { Agent, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { latencyOf, makeHistogram } from "./histogram.ts";
import type { HttpLoad, HttpRequest } from "./http-load.ts";

/** How often it is looked which requests are due, ms. */
const TICK_MS = 2;
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * Sends the request `perSecond` times a second for `seconds`, each when it is due, whether or not earlier ones are
 * answered. The time of each counts from when it was due: one that had to wait for a connection, or for this process,
 * shows that wait (no coordinated omission).
 */
export async function openLoop(
  target: HttpRequest,
  { connections, seconds, perSecond }: { connections: number; seconds: number; perSecond: number },
): Promise<HttpLoad> {
  // In turn: one that lies idle until the server closes it may be taken in that very moment.
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });
  const histogram = makeHistogram();
  const underWay = new Set<Promise<void>>();
  const faults: unknown[] = [];
  const startedAt = performance.now();
  const count = seconds * perSecond;
  const one = async (dueAt: number) => {
    await send(target, agent);
    histogram.recordValue(Math.max(1, Math.round((performance.now() - dueAt) * 1000)));
  };
  for (let sent = 0; sent < count && faults.length === 0; await sleep(TICK_MS)) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    for (; sent < due; sent++) {
      const work = one(startedAt + (sent * 1000) / perSecond)
        .catch((error: unknown) => void faults.push(error))
        .finally(() => underWay.delete(work));
      underWay.add(work);
    }
  }
  await Promise.all(underWay);
  agent.destroy();
  if (faults.length > 0) throw faults[0];
  return { rate: (count * 1000) / (performance.now() - startedAt), requests: count, latencyMs: latencyOf(histogram) };
}

function send({ url, body, headers, expected }: HttpRequest, agent: Agent): Promise<void> {
  const bytes = Buffer.from(typeof body === "string" ? body : body());
  return new Promise((resolve, reject) => {
    const options = { agent, method: "POST", headers: { ...headers, "content-length": bytes.length }, timeout: ANSWER_TIMEOUT_MS };
    const sending = httpRequest(url, options, (response) => {
      response.resume();
      response.once("error", reject);
      response.once("end", () => (response.statusCode === expected ? resolve() : reject(new Error(`expected ${expected}, got ${response.statusCode}`))));
    });
    sending.once("timeout", () => sending.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
    sending.once("error", reject);
    sending.end(bytes);
  });
}
