import type { IncomingMessage } from "node:http";
import type { MemoryBudget } from "../../intake/memory-budget.ts";

/** Why a body was not read to its end. `gone`: its sender is no longer there. */
export class BodyRefused extends Error {
  override name = "BodyRefused";
  readonly because: "too-large" | "too-slow" | "no-memory" | "gone";

  constructor(because: BodyRefused["because"]) {
    super(because);
    this.because = because;
  }
}

export interface ReadOptions {
  maxBytes: number;
  /** For the whole body, ms. */
  timeoutMs: number;
  budget: MemoryBudget;
}

/**
 * What a byte of a body costs until its call is answered: itself, its letter in the text of the JSON, the same in a field of
 * that, and half a byte of the mail that the field holds. A letter takes two bytes where a single one of its text is beyond
 * Latin, such as "€". Measured with calls of 72 MiB by Postmark: 3.5, and 5 with such a letter.
 * A signature is made over a whole body, which therefore has to be held until it is verified.
 */
export const COST_OF_BYTE = 5;

/** From here on a body gets the room that it says it will need, bytes: who sends less takes none. */
const ROOM_AFTER_BYTES = 1024 * 1024;

/**
 * Reads the body of a call, whole and as it is, within size, time and the memory of all calls together; `release` gives
 * that memory back. Throws {@link BodyRefused}: then the rest of the body is still to come, and nothing is held.
 */
export function readWhole(request: IncomingMessage, { maxBytes, timeoutMs, budget }: ReadOptions): Promise<{ body: Buffer; release(): void }> {
  const announcedBytes = Number(request.headers["content-length"] ?? 0);
  if (announcedBytes > maxBytes) return Promise.reject(new BodyRefused("too-large"));
  return new Promise((resolve, reject) => {
    const share = budget.open();
    const body = gatherBody(announcedBytes);

    function onData(chunk: Buffer): void {
      if (body.size() + chunk.length > maxBytes) return refuse("too-large");
      if (!share.take(chunk.length)) return refuse("no-memory");
      body.add(chunk);
    }
    function onEnd(): void {
      letGo();
      resolve({ body: body.whole(), release: share.close });
    }
    function refuse(because: BodyRefused["because"]): void {
      letGo();
      request.pause();
      share.close();
      reject(new BodyRefused(because));
    }
    const onGone = () => refuse("gone");
    const timer = setTimeout(refuse, timeoutMs, "too-slow");
    function letGo(): void {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
    }
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}

/** The pieces of a body in one: a large one of a known size is put together as it comes, so that it is never there twice. */
function gatherBody(announcedBytes: number): { add(piece: Buffer): void; size(): number; whole(): Buffer } {
  const pieces: Buffer[] = [];
  let room: Buffer | undefined;
  let size = 0;
  return {
    add(piece) {
      if (room) piece.copy(room, size);
      else pieces.push(piece);
      size += piece.length;
      if (!room && size >= ROOM_AFTER_BYTES && size < announcedBytes) room = withRoom(pieces.splice(0), announcedBytes);
    },
    size: () => size,
    whole: () => room ?? Buffer.concat(pieces),
  };
}

/** Pages that nothing is written to take no memory. */
function withRoom(pieces: readonly Buffer[], size: number): Buffer {
  const room = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const piece of pieces) at += piece.copy(room, at);
  return room;
}
