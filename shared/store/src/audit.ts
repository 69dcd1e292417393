import type { DeadLetter, InboundRecord, InboundState, Receipt } from "@openticket/contract";
import type { Difference } from "./audit-difference.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { IS_FINAL, lettersOfDecided } from "./dead-letters.ts";
import { countGivenUp } from "./given-up.ts";
import { inboundCounts, strandedInbound } from "./inbound-audit.ts";
import { ofQueue } from "./queue-prefix.ts";
import type { RejectionDocument, ReplyDocument, TicketDocument } from "./ticket-documents.ts";

/**
 * Holds what was accepted against what became of it: accepted = tickets + replies + rejected + dead + waiting.
 *
 * A receipt says that a request was accepted; a ticket, a reply, a rejection or a dead letter says what it came to. What
 * has a receipt and nothing else must be waiting in the queue, which the caller looks up. Messages that came in are held
 * against their own states: each is decided, in quarantine, or waiting.
 */
export interface AuditCounts {
  tickets: number;
  replies: number;
  rejected: number;
  dead: number;
  /** Accepted early, by a receipt. */
  receipts: number;
  /** Tickets, replies and rejections of which a delivery was given up: no difference, as it is known, and lost to nobody who lists it. */
  givenUp: number;
  /** Messages that came in, by state. */
  inbound: Partial<Record<InboundState, number>>;
}

export interface StoreAudit {
  counts: AuditCounts;
  /** Requests with a receipt and no outcome: waiting, or lost. */
  undecided: UndecidedRequest[];
  /** Messages without a decision, by the requests that they are to become: waiting, or lost. */
  undecidedMail: (UndecidedRequest & { id: string })[];
  differences: Difference[];
}

export interface UndecidedRequest {
  requestId: string;
  /** When it was accepted, or came in. */
  since: Date;
}

/** Differences of one kind that are named; a disaster is one line too many, not a million. */
const MAX_NAMED = 1000;
const LIMIT = { $limit: MAX_NAMED };
const NAME_ALONE = [{ $project: { _id: 1 } }];
const UNIQUE_INDEXES = { [COLLECTIONS.tickets]: ["id", "tid"], [COLLECTIONS.replies]: ["replyId"] };

/** Reads the whole store; seconds per million requests. `overdueMs`: how long a delivery may be owed. */
export async function auditStore(store: StoreConnection, { now, overdueMs }: { now: Date; overdueMs: number }): Promise<StoreAudit> {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  const replies = store.db.collection<ReplyDocument>(COLLECTIONS.replies);
  const limit = new Date(now.getTime() - overdueMs);
  const owes = `owes a reply or a mail for more than ${Math.round(overdueMs / 60_000)} minutes`;
  const found = await Promise.all([
    named(rejections.aggregate(alsoIn(COLLECTIONS.tickets)), "decided-twice", "has a ticket and a rejection"),
    named(rejections.aggregate(alsoIn(COLLECTIONS.replies)), "decided-twice", "has a reply and a rejection"),
    named(replies.aggregate(alsoIn(COLLECTIONS.tickets)), "decided-twice", "has a ticket and a reply: one key was used for both at the same moment"),
    named(letters.aggregate([...lettersOfDecided(), LIMIT]), "dead-but-decided", "has a dead letter, and an outcome; a worker removes the letter"),
    named(receipts.aggregate(openedAndGone()), "lost", "was opened, and its ticket is not there any more"),
    named(tickets.aggregate(repeated("id")), "number-twice", "is the id of several tickets"),
    named(tickets.aggregate(repeated("tid")), "number-twice", "is the number of several tickets"),
    named(tickets.aggregate(repeated("requestId")), "request-twice", "is the request of several tickets"),
    named(replies.aggregate(repeated("replyId")), "number-twice", "is the number of several replies"),
    named(tickets.aggregate(neverDue()), "owed-but-never-due", "owes a reply or a mail that no relay looks for"),
    named(replies.aggregate(neverDue()), "owed-but-never-due", "owes a reply or a mail that no relay looks for"),
    named(tickets.aggregate(withoutFile()), "file-missing", "has an attachment whose content is not stored"),
    named(replies.aggregate(withoutFile()), "file-missing", "has a reply with an attachment whose content is not stored"),
    named(tickets.aggregate(owedSince("openedAt", limit)), "owed-too-long", owes),
    named(replies.aggregate(owedSince("addedAt", limit)), "owed-too-long", owes),
    named(replies.aggregate(withoutEffect(limit)), "reply-without-effect", "has a reply that its ticket does not know"),
    missingIndexes(store),
    strandedInbound(store, MAX_NAMED),
  ]);
  const undecided = await undecidedRequests(store);
  const counts = {
    tickets: await tickets.countDocuments(),
    replies: await replies.countDocuments(),
    rejected: await rejections.countDocuments({ isProposed: { $exists: false } }),
    dead: await letters.countDocuments(),
    receipts: await receipts.countDocuments(),
    givenUp: await countGivenUp(store),
    inbound: await inboundCounts(store),
  };
  const waiting = await store.db
    .collection<InboundRecord>(COLLECTIONS.inbound)
    .find({ ...ofQueue(store), state: "stored" }, { projection: { requestId: 1, receivedAt: 1 } })
    .toArray();
  const undecidedMail = waiting.map(({ _id: id, requestId, receivedAt: since }) => ({ id, requestId, since }));
  return { counts, undecided, undecidedMail, differences: found.flat() };
}

/** Requests with a receipt and no outcome. */
export async function undecidedRequests(store: StoreConnection): Promise<UndecidedRequest[]> {
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const undecided = await receipts.aggregate<Pick<Receipt, "_id" | "acceptedAt">>([{ $match: ofQueue(store) }, ...withoutOutcome()]).toArray();
  return undecided.map(({ _id: requestId, acceptedAt: since }) => ({ requestId, since }));
}

async function named(cursor: { toArray(): Promise<unknown[]> }, kind: Difference["kind"], detail: string): Promise<Difference[]> {
  return ((await cursor.toArray()) as { _id: unknown }[]).map(({ _id }) => ({ kind, about: String(_id), detail }));
}

function alsoIn(from: string) {
  const look = { $lookup: { from, localField: "_id", foreignField: "_id", as: "outcome", pipeline: NAME_ALONE } };
  return [IS_FINAL, { $project: { _id: 1 } }, look, { $match: { "outcome.0": { $exists: true } } }, LIMIT];
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

function owedSince(writtenAt: "openedAt" | "addedAt", limit: Date) {
  // An event of a status is owed from its own time on, however old the ticket is; what was replayed, from then on.
  const isOld = ["event.at", "replayedAt"].map((since) => ({ $or: [{ [since]: { $exists: false } }, { [since]: { $lt: limit } }] }));
  return [
    {
      $match: {
        dueAt: { $exists: true },
        [writtenAt]: { $lt: limit },
        outbox: { $elemMatch: { deliveredAt: { $exists: false }, deadAt: { $exists: false }, attempts: 0, $and: isOld } },
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

/** Replies that have not changed their tickets, though there was time for it. */
function withoutEffect(limit: Date) {
  const ticket = { from: COLLECTIONS.tickets, localField: "ticketId", foreignField: "id", as: "ticket", pipeline: [{ $project: { replyIds: 1 } }] };
  const isKnown = { $in: ["$replyId", { $ifNull: [{ $first: "$ticket.replyIds" }, []] }] };
  return [
    { $match: { addedAt: { $lt: limit } } },
    { $project: { requestId: 1, replyId: 1, ticketId: 1 } },
    { $lookup: ticket },
    { $match: { $expr: { $not: [isKnown] } } },
    { $project: { _id: "$requestId" } },
    { $limit: MAX_NAMED },
  ];
}

/** Receipts of requests that have no ticket, reply, rejection or dead letter. A decided one whose rejection has expired is no difference. */
function withoutOutcome() {
  const outcomes = [COLLECTIONS.tickets, COLLECTIONS.replies, COLLECTIONS.rejections, COLLECTIONS.deadLetters];
  const looks = outcomes.flatMap((from) => [
    { $lookup: { from, localField: "_id", foreignField: "_id", as: "outcome", pipeline: [IS_FINAL, ...NAME_ALONE] } },
    { $match: { "outcome.0": { $exists: false } } },
  ]);
  return [{ $match: { decidedAt: { $exists: false } } }, { $project: { acceptedAt: 1 } }, ...looks];
}

async function missingIndexes(store: StoreConnection): Promise<Difference[]> {
  const missing: Difference[] = [];
  for (const [collection, names] of Object.entries(UNIQUE_INDEXES)) {
    const indexes = await store.db.collection(collection).indexes();
    for (const about of names) {
      if (indexes.some((index) => index.name === about && index.unique)) continue;
      missing.push({ kind: "index-missing", about, detail: `of ${collection} is not there or not unique: one could be doubled` });
    }
  }
  return missing;
}
