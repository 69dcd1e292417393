import type mongoose from "mongoose";
import { COLLECTIONS } from "./connect.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import { inTime } from "./in-time.ts";

/**
 * Ids of tickets and of replies, from reserved blocks.
 *
 * A block is reserved by raising one counter document (with majority, or a failover would hand it out twice) and is
 * then dealt out of memory. Blocks double while they last less than a second and halve while they last a minute, so
 * that a busy worker asks seldom and a quiet one leaves small gaps behind when it stops. The unique index on `id`
 * stands behind it all the same.
 */
const FIRST_BLOCK = 20;
const LARGEST_BLOCK = 10_000;
const BUSY_MS = 1000;
const QUIET_MS = 60_000;

interface Block {
  next: number;
  end: number;
}

/** Deals ids of that kind; `take(n)` resolves to n of them, ascending. */
export function makeIdBlocks(db: mongoose.mongo.Db, of: "ticket" | "reply", nowMs: () => number): { take(count: number): Promise<number[]> } {
  const counters = db.collection<{ _id: string; value: number }>(COLLECTIONS.counters);
  const blocks: Block[] = [];
  let size = FIRST_BLOCK;
  let reservedAtMs = 0;
  let reserving: Promise<void> | undefined;

  const left = () => blocks.reduce((sum, { next, end }) => sum + end - next, 0);

  function reserve(atLeast: number): Promise<void> {
    reserving ??= reserveNow(atLeast).finally(() => {
      reserving = undefined;
    });
    return reserving;
  }

  async function reserveNow(atLeast: number): Promise<void> {
    const lastedMs = nowMs() - reservedAtMs;
    if (lastedMs < BUSY_MS) size = Math.min(size * 2, LARGEST_BLOCK);
    if (lastedMs > QUIET_MS) size = Math.max(Math.floor(size / 2), FIRST_BLOCK);
    reservedAtMs = nowMs();
    const count = Math.max(size, atLeast);
    const end = await inTime(raise(counters, of, count));
    blocks.push({ next: end - count + 1, end: end + 1 });
  }

  return {
    async take(count) {
      while (left() < count) await reserve(count);
      const ids = deal(blocks, count);
      if (left() < size / 2) reserve(0).catch(() => {}); // Ahead of need; a fault shows when an id is needed.
      return ids;
    },
  };
}

function deal(blocks: Block[], count: number): number[] {
  const ids: number[] = [];
  while (ids.length < count) {
    const [block] = blocks;
    if (!block) break;
    if (block.next < block.end) ids.push(block.next++);
    if (block.next >= block.end) blocks.shift();
  }
  return ids;
}

/** The counter's value after raising it. Two first calls may collide on making the document: the second try raises it. */
async function raise(counters: mongoose.mongo.Collection<{ _id: string; value: number }>, of: string, by: number, isRetry = false): Promise<number> {
  try {
    const counter = await counters.findOneAndUpdate({ _id: of }, { $inc: { value: by } }, { upsert: true, returnDocument: "after" });
    return counter?.value ?? by;
  } catch (error) {
    if (isRetry || !isDuplicateKey(error)) throw error;
    return raise(counters, of, by, true);
  }
}
