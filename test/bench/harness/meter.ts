import type { BenchContext } from "./context.ts";
import type { Cost, Measured } from "./measure.ts";

const MIB = 1024 * 1024;

/** A process whose use can be read. */
export interface Metered {
  usage(): { cpuMs: number; rssBytes: number };
}

/** The benchmark itself: on few cores, what makes the load takes from what is measured. */
const LOAD: Metered = {
  usage() {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() };
  },
};

/** What these processes, both databases and the load itself spend on `items` while the work is done. */
export async function metered<T>(
  context: BenchContext,
  processes: Record<string, Metered>,
  items: (result: T) => number,
  work: () => Promise<T>,
): Promise<{ result: T } & Required<Pick<Measured, "costs" | "coresBusy">>> {
  const all = { ...processes, ...context.databases, load: LOAD };
  const startedAtMs = performance.now();
  const before = Object.fromEntries(Object.entries(all).map(([name, process]) => [name, process.usage().cpuMs]));
  const result = await work();
  const elapsedMs = performance.now() - startedAtMs;
  const count = items(result);
  const spent = Object.entries(all).map(([name, process]) => {
    const { cpuMs, rssBytes } = process.usage();
    return { name, cpuMs: cpuMs - (before[name] ?? 0), rssMib: rssBytes / MIB };
  });
  return {
    result,
    costs: Object.fromEntries(spent.map(({ name, cpuMs, rssMib }): [string, Cost] => [name, { cpuUs: (cpuMs * 1000) / count, rssMib }])),
    coresBusy: spent.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / elapsedMs,
  };
}
