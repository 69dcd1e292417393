import type mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";

/** Work that one process of a fleet does now and then. */
export interface Turn {
  /** Names the work. */
  name: string;
  /** How often it is done, ms. */
  everyMs: number;
  now: Date;
}

/** True for one process of the fleet, once in `everyMs`: the work is its own. */
export async function claimTurn(store: StoreConnection, turn: Turn): Promise<boolean> {
  return claim(turnsOf(store), turn, turn.now);
}

/** Work that takes long and may fail: see {@link holdTurn}. */
export interface LongTurn extends Omit<Turn, "now"> {
  /** Work that was neither done nor held on to for so long is anybody's again, ms; shorter than `everyMs`. */
  heldMs: number;
  now(): Date;
}

export interface HeldTurn {
  /** Holds on to it for `heldMs` from now; false when another process has it by now. */
  hold(): Promise<boolean>;
  /** The work is done: it is due again after `everyMs`. */
  done(): Promise<void>;
}

/**
 * As {@link claimTurn}, for work that takes long and may fail: the time noted is such that the work is due again after `heldMs`,
 * unless it is held on to, or done. So whatever becomes of a process, and of the store, another one takes over.
 */
export async function holdTurn(store: StoreConnection, { heldMs, now, ...turn }: LongTurn): Promise<HeldTurn | undefined> {
  const turns = turnsOf(store);
  const heldFrom = () => new Date(now().getTime() - turn.everyMs + heldMs);
  let sweptAt = heldFrom();
  if (!(await claim(turns, { ...turn, now: now() }, sweptAt))) return undefined;
  const move = async (to: Date) => {
    const { matchedCount } = await turns.updateOne({ _id: turn.name, sweptAt }, { $set: { sweptAt: to } });
    if (matchedCount > 0) sweptAt = to;
    return matchedCount > 0;
  };
  return { hold: () => move(heldFrom()), done: async () => void (await move(now())) };
}

type Turns = mongoose.mongo.Collection<{ _id: string; sweptAt: Date }>;

const turnsOf = ({ db }: StoreConnection): Turns => db.collection(COLLECTIONS.counters);

async function claim(turns: Turns, { name, everyMs, now }: Turn, sweptAt: Date): Promise<boolean> {
  await turns.updateOne({ _id: name }, { $setOnInsert: { sweptAt: new Date(0) } }, { upsert: true });
  const limit = new Date(now.getTime() - everyMs);
  return (await turns.updateOne({ _id: name, sweptAt: { $lte: limit } }, { $set: { sweptAt } })).modifiedCount > 0;
}
