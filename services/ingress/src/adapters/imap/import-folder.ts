import type { FolderProgress } from "@openticket/contract";
import type { FolderState, ImportDeps, ImportOptions } from "./import-ports.ts";
import { noteOutcomes } from "./note-outcomes.ts";
import { forgetGone, isWanted, startProgress, wantedRange } from "./progress.ts";
import { type FolderSession, type FolderView, ImapFault, type MessageHead } from "./session.ts";
import { type Taken, type TakeOptions, takeMessage } from "./take-message.ts";

/**
 * One pass over a folder: everything in it that is not settled is taken.
 *
 * The order of the steps is the promise: a message is stored, journaled on a majority; then it is flagged, moved or deleted;
 * then the progress is written, under the lease's token. Whatever breaks in between, the message is taken again, and meets its
 * own record. A message that fails is noted and left for later; trouble of our own ends the pass, and counts against no message.
 */

/** Messages that are taken in one step. */
const BATCH = 32;
/** Up to that size they are taken side by side, so that one is fetched while others are being stored; larger ones by themselves, bytes. */
const SMALL_BYTES = 64 * 1024;
/** Longest time for one batch; then the connection is given up, ms. */
const BATCH_TIMEOUT_MS = 900_000;

/** See the head of the file. Throws what ended the pass; `state` holds how far it came. */
export async function importFolder(state: FolderState, session: FolderSession, options: ImportOptions, deps: ImportDeps): Promise<void> {
  const view = await session.look();
  if (state.progress.uidValidity !== view.uidValidity) await startAnew(view, state, options, deps);
  if (isUnchanged(state, view)) return;
  const present = await session.find(wantedRange(state.progress), sinceOf(state, options));
  state.progress = forgetGone(state.progress, new Set(present));
  const wanted = present.filter((uid) => isWanted(state.progress, uid, deps.now()));
  for (const batch of batchesOf(wanted, state.progress)) {
    await deps.gate();
    await importBatch(batch, state, session, options, deps);
    if (!session.isOpen()) throw new ImapFault("lost", "the connection was lost");
  }
  const isSettled = state.progress.failing.length === 0 && !wanted.some((uid) => isWanted(state.progress, uid, deps.now()));
  state.complete = isSettled ? view : undefined;
}

async function startAnew(view: FolderView, state: FolderState, { wanted }: ImportOptions, { report, save }: ImportDeps): Promise<void> {
  const isFirst = state.progress.uidValidity === "";
  if (!isFirst) report.renumbered();
  Object.assign(state, { progress: startProgress(view, wanted, isFirst), complete: undefined });
  await save(state.progress, []);
}

function sinceOf({ progress }: FolderState, { wanted }: ImportOptions): Date | undefined {
  return wanted.kind === "since" ? wanted.at : progress.since;
}

/** One that has failed before is taken by itself, and last: it may end the connection. */
function batchesOf(uids: readonly number[], { failing }: FolderProgress): number[][] {
  const hasFailed = new Set(failing.map(({ uid }) => uid));
  const fresh = uids.filter((uid) => !hasFailed.has(uid));
  const batches = Array.from({ length: Math.ceil(fresh.length / BATCH) }, (_, index) => fresh.slice(index * BATCH, (index + 1) * BATCH));
  return [...batches, ...uids.filter((uid) => hasFailed.has(uid)).map((uid) => [uid])];
}

/** The server's mark of the last change saves the search, where there is one; nothing else rests on it. */
function isUnchanged({ complete }: FolderState, { modseq, uidNext }: FolderView): boolean {
  return modseq !== undefined && complete?.modseq === modseq && complete.uidNext === uidNext;
}

async function importBatch(uids: readonly number[], state: FolderState, session: FolderSession, options: ImportOptions, deps: ImportDeps): Promise<void> {
  const watchdog = setTimeout(() => session.destroy(), BATCH_TIMEOUT_MS);
  try {
    const outcomes = await takeAll(uids, session, { ...options, since: sinceOf(state, options) }, deps);
    const stored = outcomes.filter(({ kind }) => kind === "stored" || kind === "repetition").map(({ uid }) => uid);
    const finishFault = await finish(stored, session, deps);
    // Those that could not be finished are taken again, and then finished.
    await noteOutcomes(outcomes, finishFault ? new Set(stored) : new Set(), state, deps);
    const trouble = finishFault ?? outcomes.find((outcome) => outcome.kind === "our-trouble");
    if (trouble) throw trouble.error;
  } finally {
    clearTimeout(watchdog);
  }
}

async function takeAll(uids: readonly number[], session: FolderSession, options: TakeOptions, deps: ImportDeps): Promise<Taken[]> {
  const heads = await session.describe(uids).catch(() => undefined);
  if (heads) return [...(await takeDescribed(heads, session, options, deps)), ...notDescribed(uids, heads)];
  // One of them cannot even be described. Which one shows when they are asked for one by one, now or, without a connection, later.
  if (uids.length === 1 || !session.isOpen()) return uids.map((uid) => ({ uid, kind: "failed", reason: "not-described" }));
  const singly: Taken[] = [];
  for (const uid of uids) singly.push(...(await takeAll([uid], session, options, deps)));
  return singly;
}

async function takeDescribed(heads: readonly MessageHead[], session: FolderSession, options: TakeOptions, deps: ImportDeps): Promise<Taken[]> {
  const take = (head: MessageHead) => takeMessage(head, session, options, deps);
  const taken = await Promise.all(heads.filter(({ size }) => size <= SMALL_BYTES).map(take));
  for (const head of heads) if (head.size > SMALL_BYTES) taken.push(await take(head));
  return taken;
}

/** Those that were found a moment ago, and of which the server says nothing: whether they are gone shows with the next look. */
function notDescribed(uids: readonly number[], heads: readonly MessageHead[]): Taken[] {
  const described = new Set(heads.map(({ uid }) => uid));
  return uids.filter((uid) => !described.has(uid)).map((uid) => ({ uid, kind: "failed", reason: "not-described", mayBeGone: true }));
}

async function finish(uids: readonly number[], session: FolderSession, { report }: ImportDeps): Promise<{ error: unknown } | undefined> {
  if (uids.length === 0) return undefined;
  try {
    if (!(await session.finish(uids))) report.notFinished(uids);
    return undefined;
  } catch (error) {
    return { error };
  }
}
