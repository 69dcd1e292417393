import type { FolderProgress } from "@openticket/contract";

/**
 * How far a folder has been read, as a value.
 *
 * Problem: the highest UID that was read is not enough. A message may become visible below it (two deliveries at once, a
 * server of several machines), one may fail while later ones are read, and flags and places in the folder are changed by
 * people. Choice: the settled UIDs themselves, as a floor and the ranges above it; what is between two ranges is looked for
 * again. UIDs that never were leave gaps, so that the oldest of too many gaps is closed: a late message is late by seconds,
 * not by hundreds of other messages. A message that fails is remembered by itself, and no closing gap swallows it.
 */

/** Gaps that are kept open. */
const MOST_GAPS = 200;

/** The first wait before a message is tried again, ms; it doubles. */
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;
/** So often one message is tried, over the better part of a day. */
const MOST_TRIES = 24;
/** Failing messages that are remembered one by one; a folder with more has another problem, and the rest waits as gaps. */
const MOST_FAILING = 1000;

/** What of a folder is wanted: all of it, from a date on, or what comes after it became known. */
export type Wanted = { kind: "all" } | { kind: "since"; at: Date } | { kind: "new"; knownSince: Date };

/** The beginning of a numbering: of the first one, or of a later one, in which messages have other UIDs than before. */
export function startProgress({ uidValidity, uidNext }: { uidValidity: string; uidNext: number }, wanted: Wanted, isFirst: boolean): FolderProgress {
  const progress = { uidValidity, floor: 0, settled: [], failing: [] };
  if (wanted.kind !== "new") return progress;
  // No clock is asked at first: the server's may be another one. Its times are in whole seconds.
  if (isFirst) return { ...progress, floor: uidNext - 1 };
  return { ...progress, since: new Date(Math.floor(wanted.knownSince.getTime() / 1000) * 1000) };
}

/** Whether a message has to be taken now. */
export function isWanted({ floor, settled, failing }: FolderProgress, uid: number, now: Date): boolean {
  const failed = failing.find((message) => message.uid === uid);
  if (failed) return failed.retryAt <= now;
  return uid > floor && !settled.some(([from, to]) => from <= uid && uid <= to);
}

/** UIDs to look for, in the words of IMAP: those above the floor, and failing ones below. */
export function wantedRange({ floor, failing }: FolderProgress): string {
  const below = failing.filter(({ uid }) => uid <= floor).map(({ uid }) => uid);
  return [...below, `${floor + 1}:*`].join(",");
}

/** With these done with, one way or another. */
export function settle(progress: FolderProgress, uids: readonly number[]): FolderProgress {
  const done = new Set(uids);
  const above = uids.filter((uid) => uid > progress.floor).map((uid): [number, number] => [uid, uid]);
  const ranges = joined([...progress.settled, ...above].toSorted(([a], [b]) => a - b));
  const failing = progress.failing.filter(({ uid }) => !done.has(uid));
  return { ...progress, ...raised(progress.floor, ranges), failing };
}

function joined(ranges: readonly [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  for (const [from, to] of ranges) {
    const last = out.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

function raised(floor: number, ranges: readonly [number, number][]): Pick<FolderProgress, "floor" | "settled"> {
  let [top, next] = [floor, 0];
  for (let range = ranges[next]; range && (range[0] === top + 1 || ranges.length - next > MOST_GAPS); range = ranges[next]) {
    top = range[1];
    next++;
  }
  return { floor: top, settled: ranges.slice(next) };
}

/** With one more failure of a message; `gave-up` when it was the last try that it gets. */
export function fail(progress: FolderProgress, uid: number, now: Date): { kind: "retry" | "gave-up"; progress: FolderProgress } {
  const tries = (progress.failing.find((message) => message.uid === uid)?.tries ?? 0) + 1;
  if (tries >= MOST_TRIES) return { kind: "gave-up", progress: settle(progress, [uid]) };
  const others = progress.failing.filter((message) => message.uid !== uid);
  if (others.length >= MOST_FAILING) return { kind: "retry", progress };
  const retryAt = new Date(now.getTime() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1)));
  return { kind: "retry", progress: { ...progress, failing: [...others, { uid, tries, retryAt }] } };
}

/** Without the failing messages that are gone from the folder. */
export function forgetGone(progress: FolderProgress, present: ReadonlySet<number>): FolderProgress {
  return { ...progress, failing: progress.failing.filter(({ uid }) => present.has(uid)) };
}
