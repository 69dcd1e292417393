import { setTimeout as sleep } from "node:timers/promises";
import type { FolderLease, FolderProgress, SkippedMessage } from "@openticket/contract";
import { Overloaded } from "../../intake/gate.ts";
import { type HeldLease, holdLease } from "./hold-lease.ts";
import { importFolder } from "./import-folder.ts";
import type { FolderState, ImportDeps, ImportOptions } from "./import-ports.ts";
import type { Wanted } from "./progress.ts";
import { type FolderSession, ImapFault } from "./session.ts";

/** The store of leases and progress, for one folder. */
export interface FolderStore {
  take(): Promise<FolderLease | undefined>;
  renew(token: number): Promise<boolean>;
  save(token: number, progress: FolderProgress, skipped: readonly SkippedMessage[]): Promise<boolean>;
  release(token: number): Promise<void>;
}

export interface FollowDeps extends Omit<ImportDeps, "save"> {
  store: FolderStore;
  /** Throws {@link ImapFault}. */
  connect(): Promise<FolderSession>;
  watch: FollowReport;
  random(): number;
  nowMs(): number;
}

/** What the operator hears of the folder as a whole. */
export interface FollowReport {
  connected(): void;
  /** All that was in the folder is settled, but for what fails. */
  passed(): void;
  /** Nothing is taken for now, and why. */
  paused(error: unknown): void;
  /** Over for now; it is tried again after the time. */
  ended(error: unknown, retryInMs: number): void;
  disconnected(): void;
}

export interface FollowOptions extends Omit<ImportOptions, "wanted"> {
  leaseMs: number;
  sweepMs: number;
  wanted: "all" | "new" | Date;
}

/** Another process reads the folder now. */
class LeaseLost extends Error {
  override name = "LeaseLost";
}

/** How long nothing is asked of a server after a fault, ms: the first time, and at most. Wrong logins may lock an account. */
const RETRY_MS = { first: 1000, most: 60_000 };
const LOGIN_RETRY_MS = { first: 60_000, most: 900_000 };
/** How soon it is asked again whether there is room, ms. */
const PAUSE_MS = 2000;
/** Until the next pass at the least, where a message that failed is due already, ms. */
const LEAST_WAIT_MS = 1000;

/**
 * Follows one folder until it is stopped: of several processes the one with the lease reads it, takes what is there, and
 * waits for the server's word or the next sweep. It never throws; every fault is followed by a longer pause.
 */
export async function followFolder(options: FollowOptions, deps: FollowDeps, stopped: AbortSignal): Promise<void> {
  const faults = { count: 0 };
  while (!stopped.aborted) {
    const waitMs = await turn(options, deps, stopped, faults);
    // A fleet does not come in one moment.
    if (!stopped.aborted) await pause(waitMs * (0.75 + deps.random() / 2), stopped);
  }
}

/** Tries to get the lease and reads as long as it holds; gives back how long to wait before the next try, ms. */
async function turn(options: FollowOptions, deps: FollowDeps, stopped: AbortSignal, faults: { count: number }): Promise<number> {
  try {
    const askedAtMs = deps.nowMs();
    const lease = await deps.store.take();
    if (lease) await readWhileHeld(lease, askedAtMs, options, deps, stopped, faults);
    return options.leaseMs / 3;
  } catch (error) {
    const { first, most } = error instanceof ImapFault && error.kind === "login" ? LOGIN_RETRY_MS : RETRY_MS;
    const retryInMs = Math.min(most, first * 2 ** faults.count++);
    deps.watch.ended(error, retryInMs);
    return retryInMs;
  }
}

async function readWhileHeld(
  lease: FolderLease,
  askedAtMs: number,
  options: FollowOptions,
  deps: FollowDeps,
  stopped: AbortSignal,
  faults: { count: number },
): Promise<void> {
  const renew = () => deps.store.renew(lease.token);
  const held = holdLease({ leaseMs: options.leaseMs, askedAtMs, renew, nowMs: deps.nowMs });
  try {
    const session = await deps.connect();
    // What it reads from now on is another one's to read.
    held.lost.addEventListener("abort", () => session.destroy(), { once: true });
    deps.watch.connected();
    try {
      await read(lease, session, options, deps, AbortSignal.any([stopped, held.lost]), faults);
    } finally {
      await session.close();
      deps.watch.disconnected();
    }
  } finally {
    await letGo(lease, held, deps);
  }
}

async function letGo({ token }: FolderLease, held: HeldLease, { store }: FollowDeps): Promise<void> {
  held.stop();
  // Where that fails the lease runs out by itself.
  await store.release(token).catch(() => undefined);
}

async function read(
  lease: FolderLease,
  session: FolderSession,
  options: FollowOptions,
  deps: FollowDeps,
  over: AbortSignal,
  faults: { count: number },
): Promise<void> {
  const state: FolderState = { progress: lease.progress, complete: undefined };
  const pass = {
    ...deps,
    async gate() {
      over.throwIfAborted();
      await deps.gate();
    },
    async save(progress: FolderProgress, skipped: readonly SkippedMessage[]) {
      if (!(await deps.store.save(lease.token, progress, skipped))) throw new LeaseLost("another process reads the folder");
    },
  };
  while (!over.aborted) {
    const isPassed = await takeOrPause(() => importFolder(state, session, { ...options, wanted: wantedOf(options.wanted, lease) }, pass), deps, over);
    if (isPassed) {
      faults.count = 0;
      deps.watch.passed();
      await session.news(untilNextMs(state, options, deps), over);
    } else await pause(PAUSE_MS, over);
  }
}

function wantedOf(wanted: FollowOptions["wanted"], { knownSince }: FolderLease): Wanted {
  if (wanted instanceof Date) return { kind: "since", at: wanted };
  return wanted === "all" ? { kind: "all" } : { kind: "new", knownSince };
}

/** False when there was no room; what else ends a pass is thrown, unless it is over anyway. */
async function takeOrPause(importing: () => Promise<void>, { watch, isOutage }: FollowDeps, over: AbortSignal): Promise<boolean> {
  try {
    await importing();
    return true;
  } catch (error) {
    if (over.aborted) return false;
    if (!(error instanceof Overloaded) && (error instanceof ImapFault || !isOutage(error))) throw error;
    watch.paused(error);
    return false;
  }
}

/** The next sweep, or before that the next try of a message that failed. */
function untilNextMs({ progress }: FolderState, { sweepMs }: FollowOptions, { now }: FollowDeps): number {
  const waits = progress.failing.map(({ retryAt }) => retryAt.getTime() - now().getTime());
  return Math.min(sweepMs, Math.max(LEAST_WAIT_MS, Math.min(...waits)));
}

function pause(ms: number, over: AbortSignal): Promise<void> {
  // The only way in which it fails is that it is over.
  return sleep(ms, undefined, { signal: over }).catch(() => undefined);
}
