import { createHash } from "node:crypto";
import { cameBefore, FIRST_CHECK_MS, type InboundMailCommand, type InboundRecord, type InboundSource, inboundCommandOf } from "@openticket/contract";
import { type MailIdentity, peekAtMail } from "./mail-identity.ts";
import type { BlobStore } from "./ports.ts";

/**
 * Takes a message: its raw bytes and a record of it are in the store, journaled on a majority, when this ends, and only then
 * may its sender be told so. Nothing of it is understood here but what names it, so that the same message delivered again
 * meets its own record. The job that reads it may get lost: the recovery finds what is undecided and puts it in again.
 *
 * The name of a mail with a Message-ID says nothing of its Date, which a copy may lack, and which records of earlier versions do
 * not have. The first mail of a name has it; one that by its Date is another is named by that Date as well. Which of them is the
 * first is settled by the insert of its record, so that all copies of both find the same two, whenever and wherever they come.
 */
export interface ReceiveMailDeps {
  blobs: Pick<BlobStore, "put">;
  inbound: {
    /** `another`: that name is taken by a mail that, by their Dates, is another. */
    accept(record: InboundRecord): Promise<{ kind: "accepted" | "exists" | "another" }>;
    find(id: string): Promise<Pick<InboundRecord, "receivedAt" | "raw"> | undefined>;
  };
  /** Puts the job that reads a message into the queue. */
  submit(command: InboundMailCommand): Promise<void>;
  /** One message for several mailboxes: a record for each, or one for the first. */
  sameMail: "each" | "shared";
  now(): Date;
  /** A stored message did not reach the queue; the recovery will see to it. */
  onNotEnqueued(inboundId: string, error: unknown): void;
}

/**
 * A message that names no time and is handed over again is a repetition for this long, ms, and then news: a device's alarm.
 * Who did not hear our yes comes back sooner, after half an hour (RFC 5321 4.5.4.1) or at once, as devices do; mail servers
 * with longer patience write a Received header, which names a time.
 */
const REPETITION_MS = 3_600_000;

export interface Delivery {
  /** The configured mailboxes that it is for, at least one, each once, and the recipients that led there. */
  mailboxes: readonly { address: string; envelopeTo: string[] }[];
  source: Omit<InboundSource, "envelopeTo">;
  /** The door may bring the same message again after days, so that it is no news then. */
  repeatsLate?: boolean;
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
    const records = await recordsOf({ ...peek.end(), stored }, delivery, deps);
    const accepted = await Promise.all(records.map((record) => accept(record, deps)));
    for (const { record } of accepted) submit(record, deps);
    return { kind: "received", inbound: accepted.map(({ record: { _id: id, mailbox }, isRepetition }) => ({ id, mailbox, isRepetition })) };
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

/** Under its second name where the first is another mail's; see the head of the file. */
async function accept({ identity, record }: Named, { inbound }: ReceiveMailDeps): Promise<{ record: InboundRecord; isRepetition: boolean }> {
  const { kind } = await inbound.accept(record);
  if (kind !== "another") return { record, isRepetition: kind === "exists" };
  const dated = { ...record, ...idsOf(hexOf(`${identity}\0date\0${record.writtenAt?.toISOString()}`)) };
  return { record: dated, isRepetition: (await inbound.accept(dated)).kind === "exists" };
}

interface Named {
  /** What the record's name is a hash over. */
  identity: string;
  record: InboundRecord;
}

interface Understood extends MailIdentity {
  stored: { sha256: string; size: number };
}

function recordsOf(
  understood: Understood,
  { mailboxes, source, repeatsLate = false }: Delivery,
  { sameMail, now, inbound }: ReceiveMailDeps,
): Promise<Named[]> {
  const { messageId, writtenAt, fingerprint, isTimed, stored } = understood;
  const receivedAt = now();
  const wanted = sameMail === "shared" ? mailboxes.slice(0, 1) : mailboxes;
  const records = wanted.map(async ({ address, envelopeTo }): Promise<Named> => {
    // A shared one has one name, whichever mailbox comes first the next time.
    const scope = sameMail === "shared" ? "" : address;
    const identity = `${scope}\0${fingerprint}`;
    const name = (await formerNameOf(scope, understood, inbound)) ?? (isTimed || repeatsLate ? hexOf(identity) : await nameOf(identity, receivedAt, inbound));
    const record: InboundRecord = {
      ...idsOf(name),
      mailbox: address,
      source: { ...source, envelopeTo: sameMail === "shared" ? mailboxes.flatMap((mailbox) => mailbox.envelopeTo) : envelopeTo },
      raw: { sha256: stored.sha256, size: stored.size },
      ...(messageId !== undefined && { messageId }),
      ...(writtenAt && { writtenAt }),
      receivedAt,
      state: "stored",
      trace: [],
      repetitions: 0,
      checkAt: new Date(receivedAt.getTime() + FIRST_CHECK_MS),
    };
    return { identity, record };
  });
  return Promise.all(records);
}

function idsOf(name: string): Pick<InboundRecord, "_id" | "requestId"> {
  return { _id: `inb_${name}`, requestId: `req_${name}` };
}

/** The name by which an earlier version has stored these very bytes; or, where they were erased, a mail that this one may be. */
async function formerNameOf(
  scope: string,
  { formerFingerprint, writtenAt, stored: { sha256 } }: Understood,
  inbound: ReceiveMailDeps["inbound"],
): Promise<string | undefined> {
  if (formerFingerprint === undefined) return undefined;
  const name = hexOf(`${scope}\0${formerFingerprint}`);
  const former = await inbound.find(`inb_${name}`);
  const isStub = former?.raw.sha256 === "" && writtenAt !== undefined && !cameBefore(former, writtenAt);
  return isStub || former?.raw.sha256 === sha256 ? name : undefined;
}

/**
 * The name of a message that names no time: that of any other at first, so that it is known over whatever way it comes again;
 * when that one is too old to be repeated, one that changes with the window of {@link REPETITION_MS}, unless the window before
 * has a recent one.
 */
async function nameOf(identity: string, receivedAt: Date, inbound: ReceiveMailDeps["inbound"]): Promise<string> {
  const ageMs = async (name: string) => {
    const record = await inbound.find(`inb_${name}`);
    return record && receivedAt.getTime() - record.receivedAt.getTime();
  };
  const window = Math.floor(receivedAt.getTime() / REPETITION_MS);
  const [plain, before] = [hexOf(identity), hexOf(`${identity}\0${window - 1}`)];
  if (((await ageMs(plain)) ?? 0) < REPETITION_MS) return plain;
  return ((await ageMs(before)) ?? REPETITION_MS) < REPETITION_MS ? before : hexOf(`${identity}\0${window}`);
}

/** A repetition as well: its first job may be lost, and one that is there or done already changes nothing. */
function submit(record: InboundRecord, deps: ReceiveMailDeps): void {
  deps.submit(inboundCommandOf(record)).catch((error: unknown) => deps.onNotEnqueued(record._id, error));
}

function hexOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
