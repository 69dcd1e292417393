import type { DeadLetter, Receipt } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { IS_FINAL, lettersOfDecided } from "./dead-letters.ts";
import type { RejectionDocument, TicketDocument } from "./ticket-documents.ts";

/**
 * Holds what was accepted against what became of it: accepted = tickets + rejected + dead + waiting.
 *
 * A receipt says that a request was accepted; a ticket, a rejection or a dead letter says what it came to. What has a
 * receipt and nothing else must be waiting in the queue, which the caller looks up.
 */
export interface AuditCounts {
  tickets: number;
  rejected: number;
  dead: number;
  /** Accepted early, by a receipt. */
  receipts: number;
}

export interface Difference {
  kind:
    | "lost"
    | "decided-twice"
    | "dead-but-decided"
    | "owed-too-long"
    | "owed-but-never-due"
    | "file-missing"
    | "index-missing"
    | "number-twice"
    | "request-twice";
  /** Request, ticket or index that it is about. */
  about: string;
  detail: string;
}

export interface StoreAudit {
  counts: AuditCounts;
  /** Requests with a receipt and no outcome: waiting, or lost. */
  undecided: string[];
  differences: Difference[];
}

/** Differences of one kind that are named; a disaster is one line too many, not a million. */
const MAX_NAMED = 1000;
const LIMIT = { $limit: MAX_NAMED };
const NAME_ALONE = [{ $project: { _id: 1 } }];
const UNIQUE_INDEXES = ["id", "tid"];

/** Reads the whole store; seconds per million requests. `overdueMs`: how long a delivery may be owed. */
export async function auditStore(store: StoreConnection, { now, overdueMs }: { now: Date; overdueMs: number }): Promise<StoreAudit> {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  const found = await Promise.all([
    named(rejections.aggregate(rejectedAndOpened()), "decided-twice", "has a ticket and a rejection"),
    named(letters.aggregate([...lettersOfDecided(), LIMIT]), "dead-but-decided", "has a dead letter, and a ticket or a rejection; a worker removes the letter"),
    named(receipts.aggregate(openedAndGone()), "lost", "was opened, and its ticket is not there any more"),
    named(tickets.aggregate(repeated("id")), "number-twice", "is the id of several tickets"),
    named(tickets.aggregate(repeated("tid")), "number-twice", "is the number of several tickets"),
    named(tickets.aggregate(repeated("requestId")), "request-twice", "is the request of several tickets"),
    named(tickets.aggregate(neverDue()), "owed-but-never-due", "owes a reply or a mail that no relay looks for"),
    named(tickets.aggregate(withoutFile()), "file-missing", "has an attachment whose content is not stored"),
    named(
      tickets.aggregate(owedSince(new Date(now.getTime() - overdueMs))),
      "owed-too-long",
      `owes a reply or a mail for more than ${Math.round(overdueMs / 60_000)} minutes`,
    ),
    missingIndexes(store),
  ]);
  const undecided = await receipts.aggregate<{ _id: string }>(withoutOutcome()).toArray();
  const counts = {
    tickets: await tickets.countDocuments(),
    rejected: await rejections.countDocuments({ isProposed: { $exists: false } }),
    dead: await letters.countDocuments(),
    receipts: await receipts.countDocuments(),
  };
  return { counts, undecided: undecided.map(({ _id }) => _id), differences: found.flat() };
}

async function named(cursor: { toArray(): Promise<unknown[]> }, kind: Difference["kind"], detail: string): Promise<Difference[]> {
  return ((await cursor.toArray()) as { _id: unknown }[]).map(({ _id }) => ({ kind, about: String(_id), detail }));
}

function rejectedAndOpened() {
  const look = { $lookup: { from: COLLECTIONS.tickets, localField: "_id", foreignField: "_id", as: "ticket", pipeline: NAME_ALONE } };
  return [IS_FINAL, { $project: { _id: 1 } }, look, { $match: { "ticket.0": { $exists: true } } }, LIMIT];
}

/** Receipts of which a ticket came that is there no more; an erasure takes the receipt as well. */
function openedAndGone() {
  const looks = ["_id", "alias"].map((foreignField) => ({
    $lookup: { from: COLLECTIONS.tickets, localField: "_id", foreignField, as: foreignField === "_id" ? "own" : "other", pipeline: NAME_ALONE },
  }));
  return [
    { $match: { outcome: "ticket" } },
    { $project: { _id: 1 } },
    ...looks,
    { $match: { "own.0": { $exists: false }, "other.0": { $exists: false } } },
    LIMIT,
  ];
}

function repeated(field: string) {
  return [{ $group: { _id: `$${field}`, count: { $sum: 1 } } }, { $match: { count: { $gt: 1 } } }, LIMIT];
}

function owedSince(limit: Date) {
  return [
    {
      $match: {
        dueAt: { $exists: true },
        openedAt: { $lt: limit },
        outbox: { $elemMatch: { deliveredAt: { $exists: false }, deadAt: { $exists: false }, attempts: 0 } },
      },
    },
    { $project: { _id: "$requestId" } },
    LIMIT,
  ];
}

/** A relay finds what is owed by the ticket's due time. */
function neverDue() {
  const isOwed = { deliveredAt: { $exists: false }, deadAt: { $exists: false } };
  return [{ $match: { dueAt: { $exists: false }, outbox: { $elemMatch: isOwed } } }, { $project: { _id: "$requestId" } }, LIMIT];
}

function withoutFile() {
  const look = { $lookup: { from: COLLECTIONS.blobs, localField: "attachments.sha256", foreignField: "_id", as: "blob", pipeline: NAME_ALONE } };
  return [
    { $match: { "attachments.0": { $exists: true } } },
    { $project: { requestId: 1, "attachments.sha256": 1 } },
    { $unwind: "$attachments" },
    look,
    { $match: { "blob.0": { $exists: false } } },
    { $group: { _id: "$requestId" } },
    LIMIT,
  ];
}

/** Receipts of requests that have no ticket, rejection or dead letter. A decided one whose rejection has expired is no difference. */
function withoutOutcome() {
  const outcomes = [COLLECTIONS.tickets, COLLECTIONS.rejections, COLLECTIONS.deadLetters];
  const looks = outcomes.flatMap((from) => [
    { $lookup: { from, localField: "_id", foreignField: "_id", as: "outcome", pipeline: [IS_FINAL, ...NAME_ALONE] } },
    { $match: { "outcome.0": { $exists: false } } },
  ]);
  return [{ $match: { decidedAt: { $exists: false } } }, { $project: { _id: 1 } }, ...looks];
}

async function missingIndexes(store: StoreConnection): Promise<Difference[]> {
  const indexes = await store.db.collection(COLLECTIONS.tickets).indexes();
  const missing = UNIQUE_INDEXES.filter((name) => !indexes.some((index) => index.name === name && index.unique));
  return missing.map((about) => ({ kind: "index-missing" as const, about, detail: "is not there or not unique: tickets could be doubled" }));
}
