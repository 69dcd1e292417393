import type { RejectionRecord, ReplyDraft, ReplyRecord, StandingReply } from "@openticket/contract";
import type mongoose from "mongoose";
import { asError, findStanding, insertBatch, PATIENCE_MS, type Patience, type Pending, pauseOrGiveUp, sortUnread } from "./insert-batch.ts";
import { isStoreOutage } from "./outage.ts";
import { type ChangingReply, changeTickets } from "./reply-changes.ts";
import { NothingUnderName } from "./taken-names.ts";
import { type ReplyDocument, type TicketDocument, toDocument, toRecord } from "./ticket-documents.ts";
import type { Added } from "./ticket-store.ts";

/**
 * Writes a batch of replies and changes their tickets, each exactly once.
 *
 * Problem: a reply is two documents, its own and its ticket's, and a worker may die between any two writes.
 * Choice: the reply goes first, guarded by its identity; then one update changes the ticket, guarded by the list of
 * replies that have changed it already. Whoever finds the reply, another run or the relay of its outbox, makes the
 * second step again, and the guard lets it happen once. The requester is answered after both. Between them a reply whose
 * request may be decided elsewhere gives way to a rejection; see mongo-rejections.ts.
 * Rejected: a transaction. A process that dies inside one leaves its ticket locked for up to a minute, against the second
 * run and against every mark in its outbox; see docs/adr/0011-replies.md, with what was seen.
 */

export interface ReplyCommitterDeps extends Patience {
  db: mongoose.mongo.Db;
  replies: mongoose.mongo.Collection<ReplyDocument>;
  tickets: mongoose.mongo.Collection<TicketDocument>;
  takeIds(count: number): Promise<number[]>;
  /** See mongo-rejections.ts. */
  giveWay(effect: { kind: "added"; reply: StandingReply }, options: { isOurs: boolean }): Promise<RejectionRecord | undefined>;
}

/** A draft, and whether its request may be decided elsewhere as well. */
export interface Adding {
  draft: ReplyDraft;
  mayHaveTwin(): boolean;
}

type Undecided = Pending<ReplyDocument>;
/** What neither answers the request of a reply again nor changes its ticket, and may be large. */
const NOT_IN_FOUND = ["message", "fullText", "attachments", "decisions"] as const;
type Found = Omit<ReplyDocument, (typeof NOT_IN_FOUND)[number]>;
type Settled = { place: number } & ({ kind: "added"; reply: ReplyRecord } | { kind: "exists"; reply: StandingReply & ChangingReply });

/** Outcomes of the drafts, in their order. Throws when the outcome of any of them cannot be known. */
export async function addBatch(adding: readonly Adding[], deps: ReplyCommitterDeps): Promise<(Added | Error)[]> {
  const outcomes: (Added | Error)[] = new Array(adding.length);
  let undecided = await number(
    adding.map(({ draft }, place) => ({ document: toDocument({ ...draft, replyId: 0 }), place, rounds: 0 })),
    deps,
  );
  const deadlineMs = deps.nowMs() + PATIENCE_MS;
  while (undecided.length > 0) {
    try {
      const { stored, taken, refused } = await insertBatch(undecided, deps.db, deps.replies.collectionName);
      for (const { item, error } of refused) outcomes[item.place] = error;
      const standing = await findStanding(taken.identity, deps.replies, NOT_IN_FOUND);
      const settled = [...stored.map(asAdded), ...[...standing].map(asFound)];
      await settle(await undisputed(settled, adding, outcomes, deps), outcomes, deps);
      const unread = taken.identity.filter((item) => !standing.has(item));
      const { unsafe, again, lost } = await sortUnread(unread, deps.replies);
      for (const { place } of lost) outcomes[place] = new NothingUnderName();
      undecided = [...unsafe, ...again, ...(await number(taken.number, deps))];
      if (undecided.length > 0) await pauseOrGiveUp(deadlineMs, deps, undefined);
    } catch (error) {
      if (!isStoreOutage(error)) throw error;
      await pauseOrGiveUp(deadlineMs, deps, error);
    }
  }
  return outcomes;
}

async function number(items: readonly Undecided[], { takeIds }: ReplyCommitterDeps): Promise<Undecided[]> {
  const ids = items.length === 0 ? [] : await takeIds(items.length);
  return items.map(({ document, place, rounds }, index) => ({ document: { ...document, replyId: ids[index] ?? 0 }, place, rounds: rounds + 1 }));
}

function asAdded({ document, place }: Undecided): Settled {
  return { place, kind: "added", reply: toRecord(document) };
}

/** Of our own, what is not read is as we wrote it. */
function asFound([{ document: own, place }, document]: [Undecided, Found]): Settled {
  if (document.replyId === own.replyId) return { place, kind: "added", reply: toRecord({ ...own, ...document }) };
  return { place, kind: "exists", reply: toRecord(document) };
}

/** Those that stand beside no rejection; the outcome of the others is that rejection, or that it cannot be known now. */
async function undisputed(settled: readonly Settled[], adding: readonly Adding[], outcomes: (Added | Error)[], deps: ReplyCommitterDeps): Promise<Settled[]> {
  const doubtful = settled.filter(({ place }) => adding[place]?.mayHaveTwin());
  const disputed = new Set<Settled>();
  await Promise.all(
    doubtful.map(async (item) => {
      const outcome = await rejectionBeside(item, deps).catch(asError);
      if (outcome === undefined) return;
      outcomes[item.place] = outcome;
      disputed.add(item);
    }),
  );
  return settled.filter((item) => !disputed.has(item));
}

async function rejectionBeside({ kind, reply }: Settled, { giveWay }: ReplyCommitterDeps): Promise<Added | undefined> {
  const record = await giveWay({ kind: "added", reply }, { isOurs: kind === "added" });
  return record && { kind: "rejected", record };
}

/** The second step, and the outcomes that follow from it. */
async function settle(settled: readonly Settled[], outcomes: (Added | Error)[], { tickets, replies }: ReplyCommitterDeps): Promise<void> {
  const unchanged = await changeTickets(
    settled.map(({ reply }) => reply),
    { tickets, replies },
  );
  for (const { place, ...settledAs } of settled) outcomes[place] = unchanged.get(settledAs.reply) ?? settledAs;
}
