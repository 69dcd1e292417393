import type { ReplyDraft, ReplyRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { findStanding, insertBatch, PATIENCE_MS, type Patience, type Pending, pauseOrGiveUp } from "./insert-batch.ts";
import { isStoreOutage } from "./outage.ts";
import { changeTickets } from "./reply-changes.ts";
import { type ReplyDocument, type TicketDocument, toDocument, toRecord } from "./ticket-documents.ts";
import type { Added } from "./ticket-store.ts";

/**
 * Writes a batch of replies and changes their tickets, each exactly once.
 *
 * Problem: a reply is two documents, its own and its ticket's, and a worker may die between any two writes.
 * Choice: the reply goes first, guarded by its identity; then one update changes the ticket, guarded by the list of
 * replies that have changed it already. Whoever finds the reply, another run or the relay of its outbox, makes the
 * second step again, and the guard lets it happen once. The requester is answered after both.
 * Rejected: a transaction. A process that dies inside one leaves its ticket locked for up to a minute, against the second
 * run and against every mark in its outbox; see docs/adr/0011-replies.md, with what was seen.
 */

export interface ReplyCommitterDeps extends Patience {
  db: mongoose.mongo.Db;
  replies: mongoose.mongo.Collection<ReplyDocument>;
  tickets: mongoose.mongo.Collection<TicketDocument>;
  takeIds(count: number): Promise<number[]>;
}

type Undecided = Pending<ReplyDocument>;
type Settled = { place: number; kind: "added" | "exists"; reply: ReplyRecord };

/** Outcomes of the drafts, in their order. Throws when the outcome of any of them cannot be known. */
export async function addBatch(drafts: readonly ReplyDraft[], deps: ReplyCommitterDeps): Promise<(Added | Error)[]> {
  const outcomes: (Added | Error)[] = new Array(drafts.length);
  let undecided = await number(
    drafts.map((draft, place) => ({ document: toDocument({ ...draft, replyId: 0 }), place, rounds: 0 })),
    deps,
  );
  const deadlineMs = deps.nowMs() + PATIENCE_MS;
  while (undecided.length > 0) {
    try {
      const { stored, taken, refused } = await insertBatch(undecided, deps.db, deps.replies.collectionName);
      for (const { item, error } of refused) outcomes[item.place] = error;
      const standing = await findStanding(taken.identity, deps.replies);
      await settle([...stored.map(asAdded), ...[...standing].map(asFound)], outcomes, deps);
      // Taken, but not to be read yet: its writer's majority is still on its way.
      const unseen = taken.identity.filter((item) => !standing.has(item));
      undecided = [...unseen, ...(await number(taken.number, deps))];
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

function asFound([item, document]: [Undecided, ReplyDocument]): Settled {
  return { place: item.place, kind: document.replyId === item.document.replyId ? "added" : "exists", reply: toRecord(document) };
}

/** The second step, and the outcomes that follow from it. */
async function settle(settled: readonly Settled[], outcomes: (Added | Error)[], { tickets, replies }: ReplyCommitterDeps): Promise<void> {
  const withoutTicket = await changeTickets(
    settled.map(({ reply }) => reply),
    { tickets, replies },
  );
  for (const { place, kind, reply } of settled) outcomes[place] = withoutTicket.has(reply.ticketId) ? { kind: "ticket-gone" } : { kind, reply };
}
