import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { inTime } from "../in-time.ts";
import { lookUpDocument } from "../look-up.ts";

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
/** A look-up is given up before a mail has waited too long for it, ms. */
const LOOK_UP_TIMEOUT_MS = 5000;

/** See {@link Mutes}. */
export function makeMongoMutes(store: StoreConnection, { now }: { now(): Date }): Mutes {
  const mutes = store.db.collection<MuteDocument>(COLLECTIONS.mutes);
  const find = lookUpDocument(mutes, { timeoutMs: LOOK_UP_TIMEOUT_MS });
  return {
    async mute(address, because, until) {
      const change = { $set: { because: because.slice(0, MAX_REASON) }, $max: { expiresAt: until } };
      await inTime(mutes.updateOne({ _id: address.toLowerCase() }, change, { upsert: true }));
    },
    async find(address) {
      const found = await find(address.toLowerCase());
      return found && found.expiresAt > now() ? { until: found.expiresAt, because: found.because } : undefined;
    },
  };
}
