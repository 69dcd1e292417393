import { coalesce } from "../coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";

/** Addresses that nothing is sent to for a while, because a mail to them came back for good. */
export interface Mutes {
  mute(address: string, because: string, until: Date): Promise<void>;
  /** Until when, and why; undefined when mail may be sent. */
  find(address: string): Promise<{ until: Date; because: string } | undefined>;
}

interface MuteDocument {
  /** The address, lower case. */
  _id: string;
  because: string;
  expiresAt: Date;
}

/** Longest reason that is kept, in characters. */
const MAX_REASON = 500;
/** One look-up at a time gathers those that come meanwhile; it is given up before a mail has waited too long for it, ms. */
const READS_IN_FLIGHT = 1;
const LOOK_UP_TIMEOUT_MS = 5000;
/** Addresses that one look-up asks for. */
const LARGEST_BATCH = 500;

/** See {@link Mutes}. */
export function makeMongoMutes(store: StoreConnection, { now }: { now(): Date }): Mutes {
  const mutes = store.db.collection<MuteDocument>(COLLECTIONS.mutes);
  const find = coalesce<string, MuteDocument | undefined>({
    async run(addresses) {
      const known = await mutes.find({ _id: { $in: [...new Set(addresses)] }, expiresAt: { $gt: now() } }).toArray();
      return addresses.map((address) => known.find(({ _id }) => _id === address));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
    timeoutMs: LOOK_UP_TIMEOUT_MS,
  });
  return {
    async mute(address, because, until) {
      await mutes.updateOne({ _id: address.toLowerCase() }, { $set: { because: because.slice(0, MAX_REASON) }, $max: { expiresAt: until } }, { upsert: true });
    },
    async find(address) {
      const found = await find(address.toLowerCase());
      return found ? { until: found.expiresAt, because: found.because } : undefined;
    },
  };
}
