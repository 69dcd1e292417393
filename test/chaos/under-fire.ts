import { breakDatabase, breakProcess, emptyRedis } from "./faults.ts";
import type { ChaosOptions } from "./options.ts";
import type { Scene } from "./scene.ts";

/**
 * Requests come in bursts and most faults hit a burst, so that there is something in hand whenever something breaks.
 */
const BURST_INTERVAL_MS = 800;
/** A part of the run without faults, at its beginning: there nothing may be doubled. */
const CALM_SHARE = 0.07;
/** When Redis is emptied, as parts of the run; a short run has the first alone. */
const EMPTIED_AT = [0.45, 0.8];
const SHORT_RUN_MINUTES = 3;
const PROCESS_GAP_MS = { min: 0, max: 1200 };
const DATABASE_GAP_MS = { min: 500, max: 4000 };
const SAMPLE_INTERVAL_MS = 3000;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Load and faults side by side, for the time that was asked for. */
export async function underFire(scene: Scene, { minutes, tickets }: ChaosOptions): Promise<void> {
  const startedAtMs = performance.now();
  const durationMs = minutes * 60_000;
  const progress = () => (performance.now() - startedAtMs) / durationMs;
  let isOver = false;
  const lane = async (gap: { min: number; max: number }, next: () => Promise<void>) => {
    await sleep(durationMs * CALM_SHARE);
    while (!isOver) {
      await next();
      await sleep(scene.breaking.random.between(gap.min, gap.max));
    }
  };
  const emptyings = minutes < SHORT_RUN_MINUTES ? EMPTIED_AT.slice(0, 1) : [...EMPTIED_AT];
  const database = async () => {
    if (progress() < (emptyings[0] ?? 1)) return breakDatabase(scene.breaking);
    emptyings.shift();
    return emptyRedis(scene.breaking);
  };
  const lanes = [lane(PROCESS_GAP_MS, () => breakProcess(scene.breaking)), lane(DATABASE_GAP_MS, database)];
  const sampling = setInterval(() => scene.fleet.sample(), SAMPLE_INTERVAL_MS);
  let sent = 0;
  while (progress() < 1) {
    const wanted = Math.ceil(tickets * Math.min(1, progress() + BURST_INTERVAL_MS / durationMs)) - sent;
    scene.burst(wanted);
    sent += wanted;
    await sleep(BURST_INTERVAL_MS);
  }
  isOver = true;
  // A fault that waits for a burst gets it; one request more.
  const stragglers = setInterval(() => scene.burst(1), BURST_INTERVAL_MS);
  await Promise.all(lanes);
  clearInterval(stragglers);
  clearInterval(sampling);
}
