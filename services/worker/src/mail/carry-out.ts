import {
  ADD_TICKET_REPLY_JOB,
  type AddTicketReplyCommand,
  type AttachmentRef,
  CONTRACT_VERSION,
  type Decision,
  type InboundRecord,
  type InboundState,
  type OpenTicketCommand,
  type TicketBounce,
} from "@openticket/contract";
import type { MailFacts } from "../pipeline/mail-facts.ts";
import type { TicketRules } from "../pipeline/ports.ts";
import { keepFiles } from "./decide/files.ts";
import type { Bounce, Effect, MailDraft, MailOutcome, Reason } from "./decide/outcome.ts";
import { storeFiles } from "./store-files.ts";

/** Does what was decided about a mail, and says what is to be noted of it. Everything here may be done twice. */

export interface CarryDeps {
  /** The story of a ticket and of a reply, with what a mail adds to them. */
  openTicket(command: OpenTicketCommand, facts: MailFacts): Promise<Stored>;
  addReply(command: AddTicketReplyCommand, facts: MailFacts): Promise<Stored>;
  blobs: Parameters<typeof storeFiles>[2];
  limits: TicketRules["attachments"];
  noteBounce(ticketId: number, bounce: TicketBounce): Promise<void>;
  mute(address: string, because: string): Promise<void>;
  oweNotice(bounce: Bounce, record: InboundRecord): Promise<void>;
}

/** What a command has come to. */
export type Stored =
  | { kind: "stored"; ticket: { id: number; tid: string; replyId?: number | undefined }; deliver?: (() => Promise<void>) | undefined }
  | { kind: "rejected"; message: string };

/** What is noted of a mail. */
export interface InboundOutcome extends Pick<InboundRecord, "trace" | "reason" | "ticket" | "summary"> {
  state: Exclude<InboundState, "stored">;
}

export interface CarriedOut {
  noted: InboundOutcome;
  /** What may be delivered once the outcome is noted. */
  deliver?: (() => Promise<void>) | undefined;
}

export interface About {
  record: InboundRecord;
  raw: Uint8Array;
  trace: Decision[];
}

/** See the head of the file. */
export async function carryOut(outcome: MailOutcome, about: About, deps: CarryDeps): Promise<CarriedOut> {
  const { record, trace } = about;
  switch (outcome.kind) {
    case "done":
      return { noted: storedAs(outcome.ticket, trace) };
    case "ticket":
      return storeTicket(outcome, about, deps);
    case "reply":
      return storeReply(outcome, about, deps);
    case "ignored":
      for (const effect of outcome.effects) await take(effect, record, deps);
      return { noted: { state: "ignored", reason: outcome.reason, trace, ...(outcome.ticket && { ticket: outcome.ticket }) } };
    case "refused":
      if (outcome.bounce) await deps.oweNotice(outcome.bounce, record);
      return { noted: { state: "refused", reason: outcome.reason, trace } };
    case "quarantined":
      return { noted: { state: "quarantined", reason: outcome.reason, trace } };
  }
}

async function storeTicket({ draft, linkedTo }: Extract<MailOutcome, { kind: "ticket" }>, about: About, deps: CarryDeps): Promise<CarriedOut> {
  const { attachments, facts } = await prepare(draft, about, deps);
  const command: OpenTicketCommand = { ...envelopeOf(draft, about), ticket: { ...draft.params, ...(attachments.length > 0 && { attachments }) } };
  return noteStored(await deps.openTicket(command, { ...facts, ...(linkedTo && { linkedTo }) }), facts.decisions);
}

async function storeReply({ draft, key: idempotencyKey }: Extract<MailOutcome, { kind: "reply" }>, about: About, deps: CarryDeps): Promise<CarriedOut> {
  const { attachments, facts } = await prepare(draft, about, deps);
  const ticket = { ...draft.params, ...(attachments.length > 0 && { attachments }) };
  const command: AddTicketReplyCommand = {
    ...envelopeOf(draft, about),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    action: ADD_TICKET_REPLY_JOB,
    ticket,
  };
  return noteStored(await deps.addReply(command, facts), facts.decisions);
}

function envelopeOf({ source, actor }: MailDraft<unknown>, { record }: About) {
  return { v: CONTRACT_VERSION, requestId: record.requestId, source, actor, receivedAt: record.receivedAt.toISOString() };
}

async function prepare(
  { files, fullText }: MailDraft<unknown>,
  { raw, trace }: About,
  { blobs, limits }: CarryDeps,
): Promise<{ attachments: AttachmentRef[]; facts: MailFacts }> {
  const kept = keepFiles(files, limits);
  const attachments = await storeFiles(raw, kept.files, blobs);
  return { attachments, facts: { decisions: [...trace, ...kept.decisions], ...(fullText !== undefined && { fullText }) } };
}

function noteStored(stored: Stored, trace: Decision[]): CarriedOut {
  if (stored.kind === "rejected") return { noted: { state: "refused", reason: { code: "invalid", text: stored.message }, trace } };
  return { noted: storedAs(stored.ticket, trace), deliver: stored.deliver };
}

function storedAs({ id, tid, replyId }: { id: number; tid: string; replyId?: number | undefined }, trace: Decision[]): InboundOutcome {
  const isReply = replyId !== undefined;
  const reason: Reason = isReply ? { code: "reply_added", text: `Added to ticket ${tid}` } : { code: "ticket_opened", text: `Opened ticket ${tid}` };
  return { state: isReply ? "reply" : "ticket", reason, trace, ticket: { id, tid, ...(isReply && { replyId }) } };
}

async function take(effect: Effect, { _id: inboundId, receivedAt: at }: InboundRecord, deps: CarryDeps): Promise<void> {
  if (effect.kind === "mute") return deps.mute(effect.address, effect.because);
  const { ticketId, kind, ...bounce } = effect;
  await deps.noteBounce(ticketId, { ...bounce, inboundId, at });
}
