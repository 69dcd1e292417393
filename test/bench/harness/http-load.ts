import autocannon from "autocannon";

export interface HttpLoad {
  rate: number;
  p50Ms: number;
  p99Ms: number;
}

/** Sends the same request over `connections` for `seconds`; every answer must have the expected status. */
export async function httpLoad(
  request: { url: string; body: string; headers: Record<string, string>; expected: number },
  { connections, seconds }: { connections: number; seconds: number },
): Promise<HttpLoad> {
  const { url, body, headers, expected } = request;
  const result = await autocannon({ url, method: "POST", body, headers, connections, duration: seconds });
  const wrong = Object.entries(result.statusCodeStats ?? {}).filter(([status]) => Number(status) !== expected);
  if (wrong.length > 0 || result.errors > 0)
    throw new Error(`expected ${expected} only, got ${JSON.stringify(result.statusCodeStats)} and ${result.errors} errors`);
  return { rate: result.requests.total / result.duration, p50Ms: result.latency.p50, p99Ms: result.latency.p99 };
}
