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
/** How far the hourly look goes back, ms: each leftover is in several of them, and all that is younger is read anew in each. */
const STAGED_SEEN_MS = 18 * 3_600_000;
/** How often it is looked for dead letters whose request was sent again and has its outcome, ms. */
const LETTERS_LOOK_MS = 60_000;

/** Takes away what is left over: files that nobody holds, and dead letters of requests that came to something. One process of the fleet at a time. */
export function startSweeps(
  { INBOUND_CONTENT_RETENTION_DAYS: keptDays }: Pick<WorkerConfig, "INBOUND_CONTENT_RETENTION_DAYS">,
  { store, letters, now, logger, drain }: SweepDeps,
): void {
  startSweep(
    { name: "file sweep", intervalMs: FILES_LOOK_MS, removed: ["files", "files that belong to nobody removed"], failed: "files not swept" },
    async (stopped) => {
      const turn = await holdTurn(store, { name: "blob-sweep", everyMs: MS_PER_DAY, heldMs: FILES_HELD_MS, now });
      if (!turn) return 0;
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
      return count;
    },
  );
  startSweep(
    {
      name: "sweep of uploads",
      intervalMs: STAGED_LOOK_MS,
      removed: ["files", "uploads that were broken off removed"],
      failed: "uploads that were broken off not removed",
    },
    async (stopped) => {
      if (!(await claimTurn(store, { name: "staged-sweep", everyMs: STAGED_LOOK_MS, now: now() }))) return 0;
      return sweepStaged(store, { olderThanMs: STAGED_WAITS_MS, youngerThanMs: STAGED_SEEN_MS, now: now(), stopped });
    },
  );
  startSweep(
    {
      name: "dead letters",
      intervalMs: LETTERS_LOOK_MS,
      removed: ["letters", "dead letters of requests that came to an outcome since removed"],
      failed: "dead letters not looked through",
    },
    async () => ((await claimTurn(store, { name: "dead-letters", everyMs: LETTERS_LOOK_MS, now: now() })) ? letters.removeDecided() : 0),
  );

  /** `removed`: what was, and the line that says how many. */
  function startSweep({ name, intervalMs, removed: [what, text], failed }: Sweep, work: (stopped: AbortSignal) => Promise<number>): void {
    const loop = startLoop({
      async round(stopped) {
        const count = await work(stopped);
        if (count > 0) logger.info({ [what]: count }, text);
        return false;
      },
      intervalMs,
      random: Math.random,
      onFault: (err) => logger.warn({ err }, failed),
    });
    drain.onDrain(name, () => loop.close());
  }
}

interface Sweep {
  name: string;
  intervalMs: number;
  removed: [string, string];
  failed: string;
}
