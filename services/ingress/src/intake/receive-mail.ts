import { createHash } from "node:crypto";
import { CONTRACT_VERSION, FIRST_CHECK_MS, type InboundMailCommand, type InboundRecord, type InboundSource } from "@openticket/contract";
import { peekAtMail } from "./mail-identity.ts";
import type { BlobStore } from "./ports.ts";

/**
 * Takes a message: its raw bytes and a record of it are in the store, journaled on a majority, when this ends, and only then
 * may its sender be told so. Nothing of it is understood here but what names it, so that the same message delivered again
 * meets its own record. The job that reads it may get lost: the recovery finds what is undecided and puts it in again.
 */
export interface ReceiveMailDeps {
  blobs: Pick<BlobStore, "put">;
  inbound: { accept(record: InboundRecord): Promise<{ kind: "accepted" | "exists" }> };
  /** Puts the job that reads a message into the queue. */
  submit(command: InboundMailCommand): Promise<void>;
  /** One message for several mailboxes: a record for each, or one for the first. */
  sameMail: "each" | "shared";
  now(): Date;
  /** A stored message did not reach the queue; the recovery will see to it. */
  onNotEnqueued(inboundId: string, error: unknown): void;
}

export interface Delivery {
  /** The configured mailboxes that it is for, at least one, each once, and the recipients that led there. */
  mailboxes: readonly { address: string; envelopeTo: string[] }[];
  source: Omit<InboundSource, "envelopeTo">;
  maxBytes: number;
  /** Hosts that may have handed the message on, by its Received headers; more are a loop. */
  maxHops: number;
}

export type Received =
  | { kind: "received"; inbound: { id: string; mailbox: string; isRepetition: boolean }[] }
  | { kind: "too-large" }
  | { kind: "too-many-hops" };

/** See the head of the file. Throws on an outage, and when `raw` fails: then it may be repeated, as what was taken of it is known by its content. */
export async function receiveMail(raw: AsyncIterable<Uint8Array>, delivery: Delivery, deps: ReceiveMailDeps): Promise<Received> {
  const peek = peekAtMail();
  try {
    const stored = await deps.blobs.put(watched(raw, delivery, peek), { maxBytes: delivery.maxBytes });
    const records = recordsOf({ ...peek.end(), stored }, delivery, deps);
    const accepted = await Promise.all(records.map((record) => deps.inbound.accept(record)));
    for (const record of records) submit(record, deps);
    return {
      kind: "received",
      inbound: records.map(({ _id: id, mailbox }, index) => ({ id, mailbox, isRepetition: accepted[index]?.kind === "exists" })),
    };
  } catch (error) {
    if (error instanceof Refused) return { kind: error.because };
    throw error;
  }
}

class Refused extends Error {
  override name = "Refused";
  readonly because: "too-large" | "too-many-hops";

  constructor(because: Refused["because"]) {
    super(because);
    this.because = because;
  }
}

async function* watched(raw: AsyncIterable<Uint8Array>, { maxBytes, maxHops }: Delivery, peek: ReturnType<typeof peekAtMail>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of raw) {
    size += chunk.length;
    if (size > maxBytes) throw new Refused("too-large");
    peek.see(chunk);
    if (peek.hops() > maxHops) throw new Refused("too-many-hops");
    yield chunk;
  }
}

interface Understood {
  messageId: string | undefined;
  fingerprint: string;
  stored: { sha256: string; size: number };
}

function recordsOf({ messageId, fingerprint, stored }: Understood, { mailboxes, source }: Delivery, { sameMail, now }: ReceiveMailDeps): InboundRecord[] {
  const receivedAt = now();
  const wanted = sameMail === "shared" ? mailboxes.slice(0, 1) : mailboxes;
  return wanted.map(({ address, envelopeTo }) => {
    // A shared one has one name, whichever mailbox comes first the next time.
    const name = hexOf(`${sameMail === "shared" ? "" : address}\0${fingerprint}`);
    return {
      _id: `inb_${name}`,
      requestId: `req_${name}`,
      mailbox: address,
      source: { ...source, envelopeTo: sameMail === "shared" ? mailboxes.flatMap((mailbox) => mailbox.envelopeTo) : envelopeTo },
      raw: { sha256: stored.sha256, size: stored.size },
      ...(messageId !== undefined && { messageId }),
      receivedAt,
      state: "stored",
      trace: [],
      repetitions: 0,
      checkAt: new Date(receivedAt.getTime() + FIRST_CHECK_MS),
    };
  });
}

/** A repetition as well: its first job may be lost, and one that is there or done already changes nothing. */
function submit({ _id: inboundId, requestId, receivedAt }: InboundRecord, deps: ReceiveMailDeps): void {
  const command: InboundMailCommand = { v: CONTRACT_VERSION, requestId, inboundId, receivedAt: receivedAt.toISOString() };
  deps.submit(command).catch((error: unknown) => deps.onNotEnqueued(inboundId, error));
}

function hexOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
