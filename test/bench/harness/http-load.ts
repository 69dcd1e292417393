import autocannon from "autocannon";
import type { Latency } from "./measure.ts";

export interface HttpRequest {
  url: string;
  body: string;
  headers: Record<string, string>;
  /** The only status that counts. */
  expected: number;
}

export interface HttpLoad {
  rate: number;
  latencyMs: Latency;
  requests: number;
}

/**
 * Sends the same request over `connections` for `seconds`, each connection its next one as soon as it is answered: for
 * the highest rate. Its latencies are those of a saturated door; `openLoop` is for latency at a given rate.
 */
export async function httpLoad(
  { url, body, headers, expected }: HttpRequest,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<HttpLoad> {
  const result = await autocannon({ url, method: "POST", body, headers, connections, duration: seconds });
  const wrong = Object.entries(result.statusCodeStats ?? {}).filter(([status]) => Number(status) !== expected);
  if (wrong.length > 0 || result.errors > 0)
    throw new Error(`expected ${expected} only, got ${JSON.stringify(result.statusCodeStats)} and ${result.errors} errors`);
  const { p50, p90, p99, p99_9: p999, max } = result.latency;
  return { rate: result.requests.total / result.duration, requests: result.requests.total, latencyMs: { p50, p90, p99, p999, max } };
}
