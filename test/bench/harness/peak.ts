import type { Running } from "../../support/processes.ts";

const LOOK_MS = 10;

/** Highest resident memory of each process while the work is done, bytes. */
export async function peakWhile(processes: readonly Running[], work: () => Promise<void>): Promise<number[]> {
  const peaks = processes.map(() => 0);
  const look = () => {
    for (const [index, process] of processes.entries()) peaks[index] = Math.max(peaks[index] ?? 0, process.usage().rssBytes);
  };
  const timer = setInterval(look, LOOK_MS);
  await work().finally(() => clearInterval(timer));
  look();
  return peaks;
}
