import { type Drain, type Logger, startLoop } from "@openticket/runtime";
import { claimTurn, type DeadLetterStore, holdTurn, type StoreConnection, sweepBlobs, sweepStaged } from "@openticket/store";
import { FILE_WAITS_DAYS, type WorkerConfig } from "./config.ts";

export interface SweepDeps {
  store: StoreConnection;
  letters: Pick<DeadLetterStore, "removeDecided">;
  now(): Date;
  logger: Logger;
  drain: Drain;
}

const MS_PER_DAY = 86_400_000;
/** How often a worker asks whether the day's sweep of files is its own, ms. */
const FILES_LOOK_MS = 3_600_000;
/** A sweep that failed, or whose worker died, is anybody's after this time, ms: below the above, so that it is tried again in about an hour. */
const FILES_HELD_MS = 1_800_000;
/** How often it is looked for what crashes have left of uploads, ms: the day's sweep takes what this one has missed. */
const STAGED_LOOK_MS = 3_600_000;
/** What an upload has left counts as a leftover after so long, ms: longer than any takes, and than a wrong time zone puts a clock off. */
const STAGED_WAITS_MS = 12 * 3_600_000;
/** How far the hourly look goes back, ms. */
const STAGED_SEEN_MS = 3 * MS_PER_DAY;
/** How often it is looked for dead letters whose request was sent again and has its outcome, ms. */
const LETTERS_LOOK_MS = 60_000;

/** Takes away what is left over: files that nobody holds, and dead letters of requests that came to something. One process of the fleet at a time. */
export function startSweeps(
  { INBOUND_CONTENT_RETENTION_DAYS: keptDays }: Pick<WorkerConfig, "INBOUND_CONTENT_RETENTION_DAYS">,
  { store, letters, now, logger, drain }: SweepDeps,
): void {
  const files = startLoop({
    async round(stopped) {
      const turn = await holdTurn(store, { name: "blob-sweep", everyMs: MS_PER_DAY, heldMs: FILES_HELD_MS, now });
      if (!turn) return false;
      const messagesKeptMs = keptDays && keptDays * MS_PER_DAY;
      const count = await sweepBlobs(store, {
        olderThanMs: FILE_WAITS_DAYS * MS_PER_DAY,
        messagesKeptMs,
        stagedOlderThanMs: STAGED_WAITS_MS,
        now: now(),
        stopped,
        goesOn: turn.hold,
      });
      if (!stopped.aborted) await turn.done();
      if (count > 0) logger.info({ files: count }, "files that belong to nobody removed");
      return false;
    },
    intervalMs: FILES_LOOK_MS,
    random: Math.random,
    onFault: (err) => logger.warn({ err }, "files not swept"),
  });
  drain.onDrain("file sweep", () => files.close());
  const staged = startLoop({
    async round(stopped) {
      if (!(await claimTurn(store, { name: "staged-sweep", everyMs: STAGED_LOOK_MS, now: now() }))) return false;
      const count = await sweepStaged(store, { olderThanMs: STAGED_WAITS_MS, youngerThanMs: STAGED_SEEN_MS, now: now(), stopped });
      if (count > 0) logger.info({ files: count }, "uploads that were broken off removed");
      return false;
    },
    intervalMs: STAGED_LOOK_MS,
    random: Math.random,
    onFault: (err) => logger.warn({ err }, "uploads that were broken off not removed"),
  });
  drain.onDrain("sweep of uploads", () => staged.close());
  const decided = startLoop({
    async round() {
      if (!(await claimTurn(store, { name: "dead-letters", everyMs: LETTERS_LOOK_MS, now: now() }))) return false;
      const count = await letters.removeDecided();
      if (count > 0) logger.info({ letters: count }, "dead letters of requests that came to an outcome since removed");
      return false;
    },
    intervalMs: LETTERS_LOOK_MS,
    random: Math.random,
    onFault: (err) => logger.warn({ err }, "dead letters not looked through"),
  });
  drain.onDrain("dead letters", () => decided.close());
}
