import type { BenchContext } from "./context.ts";
import type { Cost } from "./measure.ts";

const MIB = 1024 * 1024;

interface Metered {
  usage(): { cpuMs: number; rssBytes: number };
}

/** What these processes and both databases spend on `items` while the work is done. */
export async function metered<T>(
  context: BenchContext,
  processes: Record<string, Metered>,
  items: (result: T) => number,
  work: () => Promise<T>,
): Promise<{ result: T; costs: Record<string, Cost> }> {
  const all = { ...processes, ...context.databases };
  const before = Object.fromEntries(Object.entries(all).map(([name, process]) => [name, process.usage().cpuMs]));
  const result = await work();
  const count = items(result);
  const costs = Object.entries(all).map(([name, process]): [string, Cost] => {
    const { cpuMs, rssBytes } = process.usage();
    return [name, { cpuUs: ((cpuMs - (before[name] ?? 0)) * 1000) / count, rssMib: rssBytes / MIB }];
  });
  return { result, costs: Object.fromEntries(costs) };
}
