import { createHash } from "node:crypto";
import {
  eventMailbox,
  FIRST_CHECK_MS,
  type InboundMailCommand,
  type InboundRecord,
  type InboundWebhook,
  inboundCommandOf,
  type WebhookSource,
} from "@openticket/contract";
import {
  type BroughtMail,
  type CallHead,
  type CallOutcome,
  type KindDeps,
  type Reading,
  type SourceInUse,
  type SourceKind,
  validSecrets,
  type WebhookCall,
} from "@openticket/webhooks";
import type { BlobStore, MailboxReader } from "./ports.ts";
import { type Delivery, type ReceiveMailDeps, receiveMail } from "./receive-mail.ts";

/**
 * Takes a call of a provider: verified on its exact bytes before anything of it is read; then its body, and a record of
 * each thing that it brings, are in the store, journaled on a majority, when this ends, and only then may the provider be
 * told so.
 *
 * An event is named by its source and the provider's id of it, or else its body: the same event meets its own record, and
 * gets the same answer. A mail is named as at every other door, so that the same mail by SMTP and by a webhook is one.
 */
export interface ReceiveWebhookDeps extends ReceiveMailDeps {
  blobs: Pick<BlobStore, "put">;
  mailboxes: MailboxReader;
  tokens: { isFor(source: string, token: string, contentSha256: string, until: Date): Promise<boolean> };
  /** Puts the job that reads a stored event into the queue. */
  submitEvent(command: InboundMailCommand): Promise<void>;
  /** The secret in clear; throws when it cannot be had. */
  openSecret(sealed: string): string;
  fetch: KindDeps["fetch"];
  /** Mails of a call that cannot be read, beside others. */
  onUnread(source: string, because: readonly string[]): void;
  /** Largest mail in a call, bytes, and the hosts that may have handed it on. */
  maxMailBytes: number;
  maxHops: number;
}

/** One thing that came in; `isRepetition`: it was there already. */
export interface CameIn {
  id: string;
  mailbox: string;
  isRepetition: boolean;
}

export type WebhookResult =
  /** `unknown`: recipients of mails that no mailbox is there for, beside others. */
  | { kind: "accepted"; inbound: CameIn[]; unknown: string[] }
  | { kind: "ignored"; because: string }
  | Extract<Reading, { kind: "handshake" }>
  | { kind: "refused"; outcome: Exclude<CallOutcome, "accepted" | "ignored" | "unavailable">; because: string };

/** Why a call is refused by its head alone, before its body is read; undefined: the whole of it decides. Throws where secrets cannot be had. */
export function refusalOfHead(head: CallHead, source: WebhookSource, kind: SourceKind, deps: ReceiveWebhookDeps): WebhookResult | undefined {
  const verdict = kind.verifyHead?.(head, inUse(head, source, kind, deps));
  return verdict?.kind === "refused" ? verdict : undefined;
}

/** See the head of the file. Throws on an outage: then nothing was taken, or the provider may well send it again. */
export async function receiveWebhook(call: WebhookCall, source: WebhookSource, kind: SourceKind, deps: ReceiveWebhookDeps): Promise<WebhookResult> {
  if (call.body.length > kind.maxBodyBytes) return refused("too-large", `the body is larger than ${kind.maxBodyBytes} bytes`);
  const used = inUse(call, source, kind, deps);
  const verdict = await kind.verify(call, used, deps);
  if (verdict.kind === "refused") return verdict;
  const reading = await kind.read(call, used, deps);
  const { token } = verdict;
  if (token && !(await deps.tokens.isFor(source._id, token.value, contentOf(reading, call), token.until)))
    return refused("unauthenticated", "the token of this signature was used with another body");
  switch (reading.kind) {
    case "malformed":
      return refused("malformed", reading.because);
    case "event":
      return { kind: "accepted", inbound: [await takeEvent(call, source, reading, deps)], unknown: [] };
    case "mails":
      return takeMails(call, source, reading, deps);
    default:
      return reading;
  }
}

function refused(outcome: Extract<WebhookResult, { kind: "refused" }>["outcome"], because: string): Extract<WebhookResult, { kind: "refused" }> {
  return { kind: "refused", outcome, because };
}

/** Hash of what a call brings: mails, however a repetition has packed them, or else its body. */
function contentOf(reading: Reading, { body }: WebhookCall): string {
  if (reading.kind !== "mails") return sha256(body);
  return sha256(JSON.stringify(reading.mails.map(({ raw, envelopeFrom, envelopeTo }) => [sha256(raw), envelopeFrom, envelopeTo])));
}

function inUse(head: CallHead, source: WebhookSource, kind: SourceKind, deps: ReceiveWebhookDeps): SourceInUse {
  const secrets = secretsOf(source, head, deps);
  return { name: source._id, settings: kind.settings.parse(source.settings), secrets, isMapped: source.mapping !== undefined };
}

function secretsOf(source: WebhookSource, { receivedAt }: CallHead, { openSecret }: ReceiveWebhookDeps): string[] {
  return validSecrets(source, receivedAt).map(({ sealed }) => openSecret(sealed));
}

async function takeEvent(
  call: WebhookCall,
  source: WebhookSource,
  { id, headers }: Extract<Reading, { kind: "event" }>,
  deps: ReceiveWebhookDeps,
): Promise<CameIn> {
  const body = await putBody(call, deps);
  const mailbox = eventMailbox(source._id);
  // Said apart, so that no id can be chosen to be the hash of another body.
  const name = sha256(`${source._id}\0${id === undefined ? `body\0${body.sha256}` : `id\0${id}`}`).slice(0, 32);
  const record: InboundRecord = {
    _id: `inb_${name}`,
    requestId: `req_${name}`,
    mailbox,
    source: { door: "webhook", envelopeTo: [], ip: call.ip, webhook: webhookOf(call, source, { id, body, headers }) },
    raw: body,
    receivedAt: call.receivedAt,
    state: "stored",
    trace: [],
    repetitions: 0,
    checkAt: new Date(call.receivedAt.getTime() + FIRST_CHECK_MS),
  };
  const { kind } = await deps.inbound.accept(record);
  deps.submitEvent(inboundCommandOf(record)).catch((error: unknown) => deps.onNotEnqueued(record._id, error));
  return { id: record._id, mailbox, isRepetition: kind === "exists" };
}

async function takeMails(
  call: WebhookCall,
  source: WebhookSource,
  { mails, unread = [] }: Extract<Reading, { kind: "mails" }>,
  deps: ReceiveWebhookDeps,
): Promise<WebhookResult> {
  if (unread.length > 0) deps.onUnread(source._id, unread);
  if (mails.length === 0) return unread[0] === undefined ? { kind: "ignored", because: "the call brings no mail" } : refused("malformed", unread[0]);
  const sorted = await Promise.all(mails.map(async (mail) => ({ mail, ...(await recipientsOf(mail, source, deps)) })));
  const wanted = sorted.filter(({ mailboxes }) => mailboxes.length > 0);
  const unknown = [...new Set(sorted.flatMap((mail) => mail.unknown))];
  if (wanted.length === 0) return refused("unknown-mailbox", `no mailbox here for ${unknown.join(", ").slice(0, 500)}`);
  const body = await putBody(call, deps);
  const inbound: CameIn[] = [];
  let fault: Extract<WebhookResult, { kind: "refused" }> | undefined;
  for (const { mail, mailboxes } of wanted) {
    const received = await receiveMail(piecesOf(mail.raw), deliveryOf(call, source, { mail, mailboxes, body }, deps), deps);
    if (received.kind === "received") inbound.push(...received.inbound);
    if (received.kind === "too-large") fault ??= refused("too-large", `a mail is larger than ${deps.maxMailBytes} bytes`);
    if (received.kind === "too-many-hops") fault ??= refused("malformed", `a mail has gone through more than ${deps.maxHops} hosts: a loop`);
  }
  return inbound.length === 0 && fault ? fault : { kind: "accepted", inbound, unknown };
}

interface Recipients {
  mailboxes: Delivery["mailboxes"];
  unknown: string[];
}

/** The mailboxes behind a mail's recipients; the source's own where there is none. */
async function recipientsOf({ envelopeTo }: BroughtMail, { mailbox: fallback }: WebhookSource, { mailboxes }: ReceiveWebhookDeps): Promise<Recipients> {
  const found = await Promise.all(envelopeTo.map(async (given) => ({ given, address: (await mailboxes.find(given))?.address ?? fallback })));
  const grouped = new Map<string, Set<string>>();
  for (const { given, address } of found) if (address !== undefined) grouped.set(address, (grouped.get(address) ?? new Set()).add(given));
  return {
    mailboxes: [...grouped].map(([address, given]) => ({ address, envelopeTo: [...given] })),
    unknown: found.flatMap(({ given, address }) => (address === undefined ? given : [])),
  };
}

function deliveryOf(
  call: WebhookCall,
  source: WebhookSource,
  { mail, mailboxes, body }: { mail: BroughtMail; mailboxes: Delivery["mailboxes"]; body: InboundWebhook["body"] },
  { maxMailBytes, maxHops }: ReceiveWebhookDeps,
): Delivery {
  // The caller is the provider, whom many a domain's SPF allows to send: as the peer of the mail it would vouch for anybody.
  const webhook = { ...webhookOf(call, source, { id: mail.id, body, verdicts: mail.verdicts }), ip: call.ip };
  const { envelopeFrom } = mail;
  const from = { door: "webhook", ...(envelopeFrom !== undefined && { envelopeFrom }), webhook } as const;
  // Providers repeat a call for days.
  return { mailboxes, source: from, repeatsLate: true, maxBytes: maxMailBytes, maxHops };
}

function webhookOf(
  { headers: { "content-type": contentType } }: WebhookCall,
  { _id, kind }: WebhookSource,
  { id, body, headers = {}, verdicts = {} }: Pick<InboundWebhook, "body" | "headers" | "verdicts"> & { id: string | undefined },
): InboundWebhook {
  return {
    source: _id,
    kind,
    ...(id !== undefined && { eventId: id }),
    body,
    ...(contentType !== undefined && { contentType }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(Object.keys(verdicts).length > 0 && { verdicts }),
  };
}

async function putBody({ body }: WebhookCall, { blobs }: ReceiveWebhookDeps): Promise<InboundWebhook["body"]> {
  const { sha256: hash, size } = await blobs.put(piecesOf(body), { maxBytes: body.length });
  return { sha256: hash, size };
}

/** Bytes that the store is given at once: what it is given, it copies. */
const PIECE_BYTES = 256 * 1024;

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
