import { type FaultLog, isCrash } from "./fault-log.ts";
import type { Life } from "./fleet.ts";

/** What a run must not show although no single request was harmed: each breach is one line that begins with its name. */

/**
 * The longest fault is over after 15 s, and is noticed and elected around within as much again; on a machine that has six
 * times more to do than it can that was 82 s, ms.
 */
const LONGEST_SILENCE_MS = 100_000;

/** A fleet that answers nobody for longer than any fault lasts has not recovered by itself. */
export function judgeSilence(longestSilenceMs: number): string[] {
  return longestSilenceMs <= LONGEST_SILENCE_MS ? [] : [`silent: no request was answered for ${Math.round(longestSilenceMs / 1000)} s`];
}

/** Mails that one worker has on the way, or delivered and not marked, when it dies. */
const MAILS_PER_CRASH = 25;

/**
 * Each second mail is excused by a fault in between, which in such a run there always is: one crash must not excuse
 * hundreds. More than these are the work of something else, such as a worker that marks nothing.
 */
export function judgeCopies(secondMails: number, { faults }: Pick<FaultLog, "faults">): string[] {
  const crashes = faults.filter(isCrash).length;
  const most = MAILS_PER_CRASH * (crashes + 1);
  return secondMails <= most ? [] : [`mails-repeated: ${secondMails} second mails; ${crashes} deaths of workers explain ${most} at most`];
}

/** Jobs that are in no state: nobody will ever take them or take them out. */
export function judgeLeftovers(jobsNowhere: readonly string[]): string[] {
  return jobsNowhere.length === 0 ? [] : [`redis-left: ${jobsNowhere.length} jobs that are nowhere, such as ${jobsNowhere[0]}`];
}

/** Shorter lives say nothing. */
const JUDGED_LIFE_MS = 120_000;
const GROWTH = 1.5;
const GROWTH_BYTES = 60_000_000;

/** Whether a process lived long enough for its memory to be judged. */
export function isJudged({ samples }: Life): boolean {
  return (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0) >= JUDGED_LIFE_MS;
}

/** Memory of one process that only ever rises: its last part of life against a part after it was warm. */
export function judgeMemory(life: Life): string[] {
  if (!isJudged(life)) return [];
  const { name, samples } = life;
  const early = median(samples.slice(Math.floor(samples.length * 0.2), Math.ceil(samples.length * 0.4)).map(({ rssBytes }) => rssBytes));
  const late = median(samples.slice(Math.floor(samples.length * 0.8)).map(({ rssBytes }) => rssBytes));
  if (late < early * GROWTH + GROWTH_BYTES) return [];
  return [`memory-grew: ${name} from ${Math.round(early / 1e6)} MB to ${Math.round(late / 1e6)} MB`];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** The longest time between two of these instants, ms. */
export function longestGap(instants: readonly number[]): number {
  return instants.reduce((longest, at, index) => Math.max(longest, at - (instants[index - 1] ?? at)), 0);
}
