import autocannon from "autocannon";
import type { Latency } from "./measure.ts";

export interface HttpRequest {
  url: string;
  /** The same for every request, or made for each; the bytes are copied before the next is made. */
  body: string | (() => string | Buffer);
  headers: Record<string, string>;
  /** The only status that counts. */
  expected: number;
}

/** The same for every request. */
export type FixedRequest = HttpRequest & { body: string };

export interface HttpLoad {
  rate: number;
  latencyMs: Latency;
  requests: number;
}

/**
 * Sends the request over `connections` for `seconds`, each connection its next one as soon as it is answered: for
 * the highest rate. Its latencies are those of a saturated door; `openLoop` is for latency at a given rate.
 */
export async function httpLoad(
  { url, body, headers, expected }: HttpRequest,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<HttpLoad> {
  const made = typeof body === "string" ? { body } : { setupClient: makesEach(body) };
  const result = await autocannon({ url, method: "POST", ...made, headers, connections, duration: seconds });
  const wrong = Object.entries(result.statusCodeStats ?? {}).filter(([status]) => Number(status) !== expected);
  if (wrong.length > 0 || result.errors > 0)
    throw new Error(`expected ${expected} only, got ${JSON.stringify(result.statusCodeStats)} and ${result.errors} errors`);
  const { p50, p90, p99, p99_9: p999, max } = result.latency;
  return { rate: result.requests.total / result.duration, requests: result.requests.total, latencyMs: { p50, p90, p99, p999, max } };
}

/** Each client has a request of its own: of one that they share all first requests would be the same. */
function makesEach(body: () => string | Buffer) {
  return (client: autocannon.Client) => client.setRequests([{ setupRequest: (request) => ({ ...request, body: body() }) }]);
}
