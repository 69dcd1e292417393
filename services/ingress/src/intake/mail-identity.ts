import { createHash, type Hash } from "node:crypto";
import { writtenAtOf } from "@openticket/contract";

/**
 * What makes two messages the same message, found while their bytes stream by.
 *
 * Problem: a sender that did not hear our answer sends the message again, over another way, with other trace headers, line
 * ends or blank lines at its end. Choice: a message is its Message-ID and its body; where it has no Message-ID, its Date,
 * From and Subject instead. A device may give all its mails one Message-ID: so the Date counts beside it, as far as it proves
 * two messages different (see `receive-mail.ts`), and an empty one is none, for which the instant of the Date stands, however a
 * server on the way may have written that anew. A device's alarm may have no Date either, and is news each time: then the
 * Received header of the first host that took it stands for the Date, which neither a queue's next try nor another door
 * changes. Headers are looked through line by line and only those are held, so that a header without end costs no memory. What
 * has no blank line, and so no body, is hashed whole.
 */
export interface MailIdentity {
  /** As it stands in the header, with its angle brackets where it has them; at most {@link MAX_HELD_BYTES}. Absent where there is nothing in it. */
  messageId: string | undefined;
  /** SHA-256, hex, over what names the message: {@link messageId} or what stands for it, and the body. */
  fingerprint: string;
  /** The same as versions made it that took an empty Message-ID for one; of such a message alone. */
  formerFingerprint: string | undefined;
  /** What its Date header says, where that can be told. */
  writtenAt: Date | undefined;
  /** False when nothing tells it from the same message of another day: it has no Message-ID, Date or Received header. */
  isTimed: boolean;
}

export interface MailPeek {
  see(chunk: Uint8Array): void;
  /** Received headers so far: the hosts that handed the message on. */
  hops(): number;
  end(): MailIdentity;
}

/** What is held of one header, bytes. */
const MAX_HELD_BYTES = 2000;
const HELD = ["message-id", "date", "from", "subject", "received"] as const;
type Held = (typeof HELD)[number];

/** A Message-ID that names nothing: `<>`. */
const EMPTY_ID = /^[<>\s]*$/;

const [LF, CR] = [10, 13];

/** Looks at a message as it comes; see the head of the file. */
export function peekAtMail(): MailPeek {
  const headers = new Map<Held, string>();
  const body = makeBodyHash();
  const whole = makeBodyHash();
  let line = "";
  let current: Held | undefined;
  let hops = 0;
  let isInBody = false;

  function endLine(): void {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    line = "";
    if (text === "") {
      isInBody = true;
      return;
    }
    if (text.startsWith(" ") || text.startsWith("\t")) {
      if (current) headers.set(current, ((headers.get(current) ?? "") + text).slice(0, MAX_HELD_BYTES));
      return;
    }
    const name = text
      .slice(0, Math.max(0, text.indexOf(":")))
      .trimEnd()
      .toLowerCase();
    if (name === "received") hops++;
    // Of a repeated header the first one counts; of Received the last, which is the first host's.
    current = HELD.find((held) => held === name && (held === "received" || !headers.has(held)));
    if (current) headers.set(current, text.slice(text.indexOf(":") + 1));
  }

  function seeHeaders(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && !isInBody) {
      const end = chunk.indexOf(LF, at);
      const stop = end === -1 ? chunk.length : end;
      const room = MAX_HELD_BYTES - line.length;
      if (room > 0) line += latin1(chunk, at, Math.min(stop, at + room));
      if (end !== -1) endLine();
      at = stop + 1;
    }
    return Math.min(at, chunk.length);
  }

  return {
    see(chunk) {
      const bodyAt = isInBody ? 0 : seeHeaders(chunk);
      if (!isInBody) whole.update(chunk);
      else body.update(bodyAt === 0 ? chunk : chunk.subarray(bodyAt));
    },
    hops: () => hops,
    end() {
      if (!isInBody && line !== "") endLine();
      const given = headers.get("message-id")?.trim() || undefined;
      const messageId = given !== undefined && EMPTY_ID.test(given) ? undefined : given;
      const writtenAt = writtenAtOf(headers.get("date") ?? "");
      // Of mails without any Message-ID the text counts, by which they are stored since there are doors.
      const instant = given === messageId ? undefined : writtenAt?.toISOString();
      const time = instant || headers.get("date")?.trim() || headers.get("received")?.trim() || undefined;
      const named = messageId ?? `${time}\n${headers.get("from")?.trim()}\n${headers.get("subject")?.trim()}`;
      const content = isInBody ? body.digest() : whole.digest();
      return {
        messageId,
        writtenAt,
        isTimed: (messageId ?? time) !== undefined,
        fingerprint: sha256(`${messageId === undefined ? "derived" : "id"}\0${named}\0${content}`),
        formerFingerprint: given === messageId ? undefined : sha256(`id\0${given}\0${content}`),
      };
    },
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** SHA-256 over text whose kind of line ends and whose blank lines at its end do not count. */
function makeBodyHash(): { update(chunk: Uint8Array): void; digest(): string } {
  const hash = createHash("sha256");
  /** Line ends that were seen and count only when something follows. */
  let lineEnds = 0;
  return {
    update(chunk) {
      const out = Buffer.allocUnsafe(chunk.length);
      let length = 0;
      let carried = lineEnds;
      lineEnds = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at] ?? 0;
        if (byte === CR) continue;
        if (byte === LF) {
          lineEnds++;
          continue;
        }
        carried = hashLineEnds(hash, carried);
        for (; lineEnds > 0; lineEnds--) out[length++] = LF;
        out[length++] = byte;
      }
      lineEnds += carried;
      hash.update(out.subarray(0, length));
    },
    digest: () => hash.digest("hex"),
  };
}

const BLOCK_OF_LINE_ENDS = Buffer.alloc(4096, LF);

/** Line ends of earlier chunks, however many; none are left. */
function hashLineEnds(hash: Hash, count: number): 0 {
  for (let left = count; left > 0; left -= BLOCK_OF_LINE_ENDS.length) hash.update(BLOCK_OF_LINE_ENDS.subarray(0, left));
  return 0;
}
