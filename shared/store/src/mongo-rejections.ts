import type { RejectionRecord, TicketRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { insertOrFind, type Standing } from "./insert-or-find.ts";
import { StoreUnavailable } from "./outage.ts";
import { type RejectionDocument, type TicketDocument, toDocument, toRecord } from "./ticket-documents.ts";
import type { Rejection } from "./ticket-store.ts";

/**
 * A request comes to a ticket or to a rejection, and not to both.
 *
 * Problem: the two stand in two collections, and two workers may decide the same request at the same moment and come to
 * different ends: two contents under one key, or reference data that changes in between.
 * Choice: a rejection is proposed, then it is looked whether there is a ticket, and only then it is made final; nobody is
 * told of it before. Whoever has stored a ticket of a request that may be decided elsewhere as well looks for a rejection
 * afterwards, before anybody is told: a proposed one is taken away, to a final one the ticket gives way.
 * Whatever the order of these steps, one of the two sees the other, and a step that changes something changes it only
 * while it is as it was seen. A worker that dies in between leaves a proposal, which counts for nothing.
 * Rejected: a common collection (every reader of tickets, of the former version too, would meet what is none), and a
 * transaction (two that read what the other writes are both let through).
 */
export interface RejectionGuard {
  /** An Error in a place: others are deciding that request at this moment, and it is for a later try. */
  rejectBatch(records: readonly RejectionRecord[]): Promise<(Rejection | StoreUnavailable)[]>;
  /** The final rejection that a stored ticket gives way to; `isOurs`: nobody was told of the ticket, and it is removed. */
  giveWay(ticket: TicketRecord, options: { isOurs: boolean }): Promise<RejectionRecord | undefined>;
}

interface Deps {
  db: mongoose.mongo.Db;
  rejections: mongoose.mongo.Collection<RejectionDocument>;
  tickets: mongoose.mongo.Collection<TicketDocument>;
  /** Of whatever stands there, proposed or final; coalesced. */
  lookUp(identity: string): Promise<RejectionDocument | undefined>;
}

/** Looks at what others change at the same moment, before it is left for a later try. */
const LOOKS = 5;

/** See the head of the file. */
export function makeRejectionGuard(deps: Deps): RejectionGuard {
  return {
    rejectBatch: (records) => rejectBatch(records, deps),
    async giveWay(ticket, { isOurs }) {
      const rejection = await finalBeside(ticket._id, deps);
      if (rejection && isOurs) await deps.tickets.deleteOne({ _id: ticket._id, id: ticket.id });
      return rejection && toRecord(rejection);
    },
  };
}

async function finalBeside(_id: string, { rejections, lookUp }: Deps): Promise<RejectionDocument | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    const standing = await lookUp(_id);
    if (!standing?.isProposed) return standing;
    if ((await rejections.deleteOne({ _id, isProposed: true })).deletedCount > 0) return undefined;
  }
  throw new StoreUnavailable("a rejection of the same request is being decided");
}

async function rejectBatch(records: readonly RejectionRecord[], deps: Deps): Promise<(Rejection | StoreUnavailable)[]> {
  const proposals = records.map((record): RejectionDocument => ({ ...toDocument(record), isProposed: true }));
  const standing = await insertOrFind(deps.db, proposals, deps.rejections, isSame);
  // A proposal of somebody who may be dead is seen through like our own.
  const open = records.filter((_record, index) => isOpen(standing[index])).map(({ _id }) => _id);
  const { opened, contested } = await settle(open, deps);
  return records.map((record, index): Rejection | StoreUnavailable => {
    const ticket = opened.get(record._id);
    if (ticket) return { kind: "opened", ticket };
    if (contested.has(record._id)) return new StoreUnavailable("another worker has decided the same request");
    const earlier = standing[index];
    if (earlier instanceof StoreUnavailable) return earlier;
    return earlier ? { kind: "exists", record: toRecord(earlier) } : { kind: "rejected", record };
  });
}

/** A proposal that this very call has put in. */
function isSame(stored: RejectionDocument, { rejectedAt, requestId }: RejectionDocument): boolean {
  return stored.isProposed === true && stored.requestId === requestId && stored.rejectedAt.getTime() === rejectedAt.getTime();
}

/** True for a rejection that is not final: one that we have just put in, or another's proposal. */
function isOpen(standing: Standing<RejectionDocument>): boolean {
  return standing === undefined || (!(standing instanceof StoreUnavailable) && standing.isProposed === true);
}

/** What became of proposals that are not in here: they are final. */
interface Settled {
  opened: Map<string, TicketRecord>;
  /** Somebody has taken the proposal away, and there is no ticket either. */
  contested: Set<string>;
}

/** Makes proposals final, except those whose request has a ticket. */
async function settle(identities: readonly string[], { rejections, tickets }: Deps): Promise<Settled> {
  const opened = await ticketsOf(identities, tickets);
  if (opened.size > 0) await rejections.deleteMany({ _id: { $in: [...opened.keys()] }, isProposed: true });
  const rest = [...new Set(identities)].filter((identity) => !opened.has(identity));
  if (rest.length === 0) return { opened, contested: new Set() };
  const { modifiedCount } = await rejections.updateMany({ _id: { $in: rest }, isProposed: true }, { $unset: { isProposed: 1 } });
  const gone = modifiedCount === rest.length ? [] : await missing(rest, rejections);
  // Only a ticket takes a proposal away: it came since it was looked for.
  const openedSince = await ticketsOf(gone, tickets);
  return { opened: new Map([...opened, ...openedSince]), contested: new Set(gone.filter((identity) => !openedSince.has(identity))) };
}

async function ticketsOf(identities: readonly string[], tickets: Deps["tickets"]): Promise<Map<string, TicketRecord>> {
  if (identities.length === 0) return new Map();
  const found = await tickets.find({ _id: { $in: [...identities] } }).toArray();
  return new Map(found.map((document) => [document._id, toRecord(document)]));
}

/** Those that no final rejection stands for. */
async function missing(identities: readonly string[], rejections: Deps["rejections"]): Promise<string[]> {
  const final = await rejections.find({ _id: { $in: [...identities] }, isProposed: { $exists: false } }, { projection: { _id: 1 } }).toArray();
  const known = new Set(final.map(({ _id }) => _id));
  return identities.filter((identity) => !known.has(identity));
}
