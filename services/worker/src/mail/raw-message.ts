import type { Readable } from "node:stream";
import { makeRawMemory } from "./raw-memory.ts";

/** Raw messages that are in memory at once, bytes; one that is larger comes alone. */
const MAX_BYTES_IN_HAND = 48 * 1024 * 1024;

/** Runs work that holds so many bytes when there is room for them. `memory` gives them, shared, until the work ends. */
export type Room = <T>(bytes: number, work: (memory: () => Uint8Array) => Promise<T>) => Promise<T>;

/** Room for raw messages, mails and events alike: 200 jobs in hand must not mean 200 of 25 MB. First come, first served. */
export function makeRoomForMessages(maxBytes = MAX_BYTES_IN_HAND): Room {
  const waiting: { bytes: number; enter(): void }[] = [];
  const kept = makeRawMemory();
  let inHand = 0;

  function admit(): void {
    for (let first = waiting[0]; first && (inHand === 0 || inHand + first.bytes <= maxBytes); first = waiting[0]) {
      waiting.shift();
      inHand += first.bytes;
      first.enter();
    }
  }

  return async (bytes, work) => {
    await new Promise<void>((enter) => {
      waiting.push({ bytes, enter });
      admit();
    });
    let taken: Uint8Array | undefined;
    try {
      return await work(() => (taken ??= kept.take(bytes)));
    } finally {
      if (taken) kept.giveBack(taken);
      inHand -= bytes;
      admit();
    }
  };
}

/** The stored bytes fewer or more than the record says: the store is not what it was. */
export class RawMessageDamaged extends Error {
  override name = "RawMessageDamaged";
}

/** Where raw messages are. */
export interface RawMessages {
  open(sha256: string): Promise<Readable>;
  /** A small content at once, together with what others ask for; undefined when it is not small. */
  readSmall(sha256: string): Promise<Uint8Array | undefined>;
}

/** Above this no content is small, bytes. */
const MAX_SMALL_BYTES = 255 * 1024;

/** The whole message; a large one in `memory` of its size, shared, which a thread reads without a copy. */
export async function loadRaw({ sha256, size }: { sha256: string; size: number }, memory: () => Uint8Array, blobs: RawMessages): Promise<Uint8Array> {
  const small = size <= MAX_SMALL_BYTES ? await blobs.readSmall(sha256) : undefined;
  // A copy: what was read lies in the store's whole answer, which must not stay for as long as this mail.
  if (small?.length === size) return new Uint8Array(small);
  const raw = memory();
  let at = 0;
  for await (const chunk of await blobs.open(sha256)) {
    const bytes = chunk as Uint8Array;
    if (at + bytes.length > size) throw new RawMessageDamaged(`the message ${sha256} has more than its ${size} bytes`);
    raw.set(bytes, at);
    at += bytes.length;
  }
  if (at !== size) throw new RawMessageDamaged(`the message ${sha256} has ${at} of its ${size} bytes`);
  return raw;
}
