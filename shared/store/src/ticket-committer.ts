import { NOT_IN_STANDING_TICKET, type TicketDraft } from "@openticket/contract";
import type mongoose from "mongoose";
import { findStanding, insertBatch, PATIENCE_MS, type Patience, type Pending, pauseOrGiveUp, sortUnread } from "./insert-batch.ts";
import { isStoreOutage } from "./outage.ts";
import { NothingUnderName } from "./taken-names.ts";
import { type TicketDocument, toDocument, toRecord } from "./ticket-documents.ts";
import type { Commit, Numbers } from "./ticket-store.ts";

/**
 * Writes a batch of drafts, each with its own outcome.
 *
 * Problem: one `insertOne` per ticket makes about 3,000/s, an unordered `insert` of many ten times that; but a batch has
 * many ways to fail in part, and after a lost connection nobody knows which part was stored.
 * Choice: write what is undecided, sort the answers per document, repeat with what is still undecided.
 *  - Stored: opened.
 *  - Its `_id` is taken: read what stands there, from a majority. Ours by number and code: a former try had been
 *    stored. Another's: that one is the answer. Nothing yet: its writer's majority is still on its way, and it is read again.
 *    Nothing at all: its own error; see taken-names.ts.
 *  - Its `id` or `tid` is taken: new numbers, a bounded number of times.
 *  - Refused for itself (too large): its own error; the others go on.
 *  - Connection lost, or no majority in time: undecided. Tried again until {@link PATIENCE_MS} is over, then thrown:
 *    the queue brings the ticket back, and its identity keeps it single.
 * Rejected: a transaction (one document needs none), asking before writing (a race, and a round trip for everybody).
 */

export interface CommitterDeps extends Patience {
  db: mongoose.mongo.Db;
  tickets: mongoose.mongo.Collection<TicketDocument>;
  takeIds(count: number): Promise<number[]>;
  numbers: Numbers;
}

/** Rounds of new numbers, and how many numbers one ticket tries in each. */
const NUMBER_ROUNDS = 5;
const CANDIDATES = 64;

type Undecided = Pending<TicketDocument>;
type Outcome = Commit | Error;

/** Outcomes of the drafts, in their order. Throws when the outcome of any of them cannot be known. */
export async function commitBatch(drafts: readonly TicketDraft[], deps: CommitterDeps): Promise<Outcome[]> {
  const outcomes: Outcome[] = new Array(drafts.length);
  const ids = await deps.takeIds(drafts.length);
  let undecided = drafts.map((draft, place): Undecided => ({ document: numbered(draft, ids[place] ?? 0, deps.numbers), place, rounds: 0 }));
  const deadlineMs = deps.nowMs() + PATIENCE_MS;
  while (undecided.length > 0) {
    try {
      const { taken, refused, stored } = await insertBatch(undecided, deps.db, deps.tickets.collectionName);
      for (const { document, place } of stored) outcomes[place] = { kind: "opened", ticket: toRecord(document) };
      for (const { item, error } of refused) outcomes[item.place] = error;
      const known = await resolveTaken(taken.identity, deps.tickets);
      for (const [item, commit] of known) outcomes[item.place] = commit;
      const renumbered = await renumber(taken.number, deps);
      for (const item of renumbered.hopeless) outcomes[item.place] = { kind: "out-of-numbers" };
      const unread = taken.identity.filter((item) => !known.has(item));
      const { unsafe, again, lost } = await sortUnread(unread, deps.tickets);
      for (const { place } of lost) outcomes[place] = new NothingUnderName();
      undecided = [...unsafe, ...again, ...renumbered.items];
      if (unsafe.length > 0) await pauseOrGiveUp(deadlineMs, deps, undefined);
    } catch (error) {
      if (!isStoreOutage(error)) throw error;
      await pauseOrGiveUp(deadlineMs, deps, error);
    }
  }
  return outcomes;
}

function numbered(draft: TicketDraft, id: number, numbers: Numbers): TicketDocument {
  return toDocument({ ...draft, id, tid: numbers.tid(id, draft.openedAt), c: numbers.accessCode() });
}

/** What stands under the taken identities. Of our own, what is not read is as we wrote it. */
async function resolveTaken(items: readonly Undecided[], tickets: CommitterDeps["tickets"]): Promise<Map<Undecided, Commit>> {
  const standing = await findStanding(items, tickets, NOT_IN_STANDING_TICKET);
  const known = new Map<Undecided, Commit>();
  for (const [item, document] of standing) {
    const isOurs = document.id === item.document.id && document.c === item.document.c;
    if (isOurs) known.set(item, { kind: "opened", ticket: toRecord({ ...item.document, ...document }) });
    else known.set(item, { kind: "exists", ticket: toRecord(document) });
  }
  return known;
}

/** New numbers for tickets whose own were taken: the first of {@link CANDIDATES} that nobody has, asked in one query. */
async function renumber(items: readonly Undecided[], deps: CommitterDeps): Promise<{ items: Undecided[]; hopeless: Undecided[] }> {
  if (items.length === 0) return { items: [], hopeless: [] };
  const hopeless = items.filter(({ rounds }) => rounds >= NUMBER_ROUNDS);
  const hopeful = items.filter(({ rounds }) => rounds < NUMBER_ROUNDS);
  const ids = await deps.takeIds(hopeful.length);
  const candidates = hopeful.map(({ document }, index) => {
    const id = ids[index] ?? 0;
    return { id, tids: Array.from({ length: CANDIDATES }, () => deps.numbers.tid(id, document.openedAt)) };
  });
  const asked = candidates.flatMap(({ tids }) => tids);
  const takenTids = new Set((await deps.tickets.find({ tid: { $in: asked } }, { projection: { tid: 1 } }).toArray()).map(({ tid }) => tid));
  const renumbered = hopeful.map(({ document, place, rounds }, index): Undecided => {
    const { id, tids } = candidates[index] ?? { id: 0, tids: [] };
    const tid = tids.find((candidate) => !takenTids.has(candidate)) ?? document.tid;
    takenTids.add(tid);
    return { document: { ...document, id, tid }, place, rounds: rounds + 1 };
  });
  return { items: renumbered, hopeless };
}
