import { randomUUID } from "node:crypto";
import { NOT_IN_STANDING_REPLY, NOT_IN_STANDING_TICKET, type RejectionRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { inTime } from "./in-time.ts";
import { insertOrFind, type Standing } from "./insert-or-find.ts";
import { lookUpDocument, without } from "./look-up.ts";
import { StoreUnavailable } from "./outage.ts";
import { type RejectionDocument, type ReplyDocument, type TicketDocument, toDocument, toRecord } from "./ticket-documents.ts";
import type { Rejection } from "./ticket-store.ts";

/**
 * A request comes to a ticket, or a reply, or to a rejection, and not to both.
 *
 * Problem: they stand in collections of their own, and two workers may decide the same request at the same moment and come
 * to different ends: two contents under one key, or reference data that changes in between.
 * Choice: a rejection is proposed, then it is looked whether there is a ticket or a reply, and only then it is made final;
 * nobody is told of it before. Whoever has stored one of a request that may be decided elsewhere as well looks for a rejection
 * afterwards, before anybody is told: a proposed one is taken away, to a final one the ticket or the reply gives way.
 * Whatever the order of these steps, one of the two sees the other, and a step that changes something changes it only
 * while it is as it was seen. A worker that dies in between leaves a proposal, which counts for nothing; or what it has stored
 * beside a final rejection, which the audit names.
 * Rejected: a common collection (every reader of tickets, of the former version too, would meet what is none), and a
 * transaction (two that read what the other writes are both let through).
 */
export interface RejectionGuard {
  /** An error in a place: others decide that request at this moment, and it is for a later try. */
  rejectBatch(records: readonly RejectionRecord[]): Promise<(Rejection | Error)[]>;
  /**
   * The final rejection that a stored ticket or reply gives way to; a proposed one is taken away. `isOurs`: this very call has
   * stored it, so nobody was told of it, and it is removed.
   */
  giveWay(effect: Effect, options: { isOurs: boolean }): Promise<RejectionRecord | undefined>;
}

/** A ticket or a reply that a request has. */
type Effect = Extract<Rejection, { kind: "opened" | "added" }>;

interface Deps {
  db: mongoose.mongo.Db;
  rejections: mongoose.mongo.Collection<RejectionDocument>;
  tickets: mongoose.mongo.Collection<TicketDocument>;
  replies: mongoose.mongo.Collection<ReplyDocument>;
  /** Of whatever stands there, proposed or final; coalesced. */
  lookUp(identity: string): Promise<RejectionDocument | undefined>;
}

/** Looks at what others change at the same moment, before it is left for a later try. */
const LOOKS = 5;

/** See the head of the file. */
export function makeRejectionGuard(deps: Deps): RejectionGuard {
  return {
    rejectBatch: (records) => rejectBatch(records, deps),
    giveWay: (effect, { isOurs }) => inTime(giveWay(effect, isOurs, deps)),
  };
}

/** The guard of a store. */
export function rejectionGuardOf({ db }: StoreConnection): RejectionGuard {
  const rejections = db.collection<RejectionDocument>(COLLECTIONS.rejections);
  return makeRejectionGuard({
    db,
    rejections,
    tickets: db.collection<TicketDocument>(COLLECTIONS.tickets),
    replies: db.collection<ReplyDocument>(COLLECTIONS.replies),
    lookUp: lookUpDocument(rejections),
  });
}

async function giveWay(effect: Effect, isOurs: boolean, deps: Deps): Promise<RejectionRecord | undefined> {
  const rejection = await finalBeside(identityOf(effect), deps);
  if (rejection && isOurs) await remove(effect, deps);
  return rejection && toRecord(rejection);
}

function identityOf(effect: Effect): string {
  return effect.kind === "opened" ? effect.ticket._id : effect.reply._id;
}

/** By its number too: the identity may be another one's by now. */
async function remove(effect: Effect, { tickets, replies }: Deps): Promise<void> {
  if (effect.kind === "opened") await tickets.deleteOne({ _id: effect.ticket._id, id: effect.ticket.id });
  else await replies.deleteOne({ _id: effect.reply._id, replyId: effect.reply.replyId });
}

async function finalBeside(_id: string, { rejections, lookUp }: Deps): Promise<RejectionDocument | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    const standing = await lookUp(_id);
    if (!standing?.isProposed) return standing;
    if ((await rejections.deleteOne({ _id, isProposed: true })).deletedCount > 0) return undefined;
  }
  throw new StoreUnavailable("a rejection of the same request is being decided");
}

async function rejectBatch(records: readonly RejectionRecord[], deps: Deps): Promise<(Rejection | Error)[]> {
  const proposals = records.map((record): RejectionDocument => ({ ...toDocument(record), isProposed: true, proposal: randomUUID() }));
  const standing = await insertOrFind(deps.db, proposals, deps.rejections, isSame);
  const { effects, contested } = await settle(
    proposals.flatMap((proposal, index) => proposed(standing[index], proposal)),
    deps,
  );
  return records.map((record, index): Rejection | Error => {
    const effect = effects.get(record._id);
    if (effect) return effect;
    if (contested.has(record._id)) return new StoreUnavailable("others decide the same request at this moment");
    const earlier = standing[index];
    if (earlier instanceof Error) return earlier;
    return earlier ? { kind: "exists", record: toRecord(earlier) } : { kind: "rejected", record };
  });
}

/** A proposal that this very call has put in. */
function isSame(stored: RejectionDocument, { proposal }: RejectionDocument): boolean {
  return stored.proposal === proposal;
}

/** What is to be seen through: our own proposal, or that of somebody who may be dead. */
function proposed(standing: Standing<RejectionDocument>, own: RejectionDocument): RejectionDocument[] {
  if (standing === undefined) return [own];
  return !(standing instanceof Error) && standing.isProposed ? [standing] : [];
}

/** What became of proposals. Those that are named in neither are final. */
interface Settled {
  effects: Map<string, Effect>;
  contested: Set<string>;
}

/** Makes proposals final, except those whose request has a ticket or a reply. */
async function settle(proposals: readonly RejectionDocument[], deps: Deps): Promise<Settled> {
  const { rejections } = deps;
  const effects = await effectsOf(namesOf(proposals), deps);
  const contested = await withdraw([...effects.keys()], rejections);
  const rest = proposals.filter(({ _id }) => !effects.has(_id));
  for (const identity of contested) effects.delete(identity);
  if (rest.length === 0) return { effects, contested };
  const names = namesOf(rest);
  // Not what others have proposed since: there may have been a ticket or a reply before it.
  const asSeen = { _id: { $in: names }, isProposed: true as const, proposal: { $in: rest.map(({ proposal = null }) => proposal) } };
  const { modifiedCount } = await rejections.updateMany(asSeen, { $unset: { isProposed: 1, proposal: 1 } });
  if (modifiedCount === names.length) return { effects, contested };
  const final = await finalAmong(names, rejections);
  const gone = names.filter((identity) => !final.has(identity));
  // What takes a proposal away is a ticket or a reply that came since.
  const since = await effectsOf(gone, deps);
  for (const identity of gone) if (!since.has(identity)) contested.add(identity);
  return { effects: new Map([...effects, ...since]), contested };
}

/** Takes away the proposals of those that have come to something. Some may be final by now, by others who had seen nothing: to those it gives way. */
async function withdraw(identities: readonly string[], rejections: Deps["rejections"]): Promise<Set<string>> {
  if (identities.length === 0) return new Set();
  const { deletedCount } = await rejections.deleteMany({ _id: { $in: [...identities] }, isProposed: true });
  return deletedCount === identities.length ? new Set() : finalAmong(identities, rejections);
}

const namesOf = (proposals: readonly RejectionDocument[]) => [...new Set(proposals.map(({ _id }) => _id))];

async function effectsOf(identities: readonly string[], { tickets, replies }: Deps): Promise<Map<string, Effect>> {
  if (identities.length === 0) return new Map();
  const among = { _id: { $in: [...identities] } };
  const [opened, added] = await Promise.all([
    tickets.find(among, without(NOT_IN_STANDING_TICKET)).toArray(),
    replies.find(among, without(NOT_IN_STANDING_REPLY)).toArray(),
  ]);
  const effects = [
    ...opened.map((document): Effect => ({ kind: "opened", ticket: toRecord(document) })),
    ...added.map((document): Effect => ({ kind: "added", reply: toRecord(document) })),
  ];
  return new Map(effects.map((effect) => [identityOf(effect), effect]));
}

/** Those that a final rejection stands for. */
async function finalAmong(identities: readonly string[], rejections: Deps["rejections"]): Promise<Set<string>> {
  const found = await rejections.find({ _id: { $in: [...identities] }, isProposed: { $exists: false } }, { projection: { _id: 1 } }).toArray();
  return new Set(found.map(({ _id }) => _id));
}
