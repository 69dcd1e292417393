import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MS = 10;

/** The highest value of each figure before, while and after the work is done. */
export async function peakWhile(figures: readonly (() => number | Promise<number>)[], work: () => Promise<void>): Promise<number[]> {
  let peaks = figures.map(() => 0);
  const look = async () => {
    const values = await Promise.all(figures.map((figure) => figure()));
    peaks = peaks.map((peak, index) => Math.max(peak, values[index] ?? 0));
  };
  let isDone = false;
  const watch = async () => {
    for (await look(); !isDone; await look()) await sleep(LOOK_MS);
  };
  const end = () => {
    isDone = true;
  };
  await Promise.all([watch(), work().finally(end)]);
  return peaks;
}
