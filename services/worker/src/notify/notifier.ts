import type { OutboxEntry, ReplyRecord, TicketHead, TicketRecord } from "@openticket/contract";
import { displayName, type MailAddress, sendableAddress } from "./address.ts";
import { cleanLine } from "./clean-text.ts";
import { composeMail } from "./compose.ts";
import type { NotifyConfig } from "./config.ts";
import { makeGate } from "./gate.ts";
import { loopSafeHeaders } from "./loop-headers.ts";
import { MailRejected } from "./mail-rejected.ts";
import type { MailTransport, OutgoingMail } from "./mail-transport.ts";
import { type MailTemplate, type MailTopic, viewOf } from "./mail-view.ts";
import { type MessageIds, makeMessageIds } from "./message-ids.ts";
import { kindOf } from "./own-mail.ts";
import { renderRefusal } from "./refusal.ts";
import { withMarker, withToken } from "./reply-token.ts";
import { loadTemplates, type MailTemplates } from "./templates.ts";

/**
 * Sends the mails that tickets owe.
 *
 * A mail is written anew for each try, from ticket and reply alone: nothing of it is stored, and the same delivery has the same
 * Message-ID whenever and wherever it is made. So sending twice, which a crash in between can cause, is recognisable.
 */
export interface Notifier {
  /**
   * Writes and sends one owed mail. Throws `MailRejected` when it can never be delivered; `MailDelayed`, or a fault of
   * what it depends on, when a later try may work (`MailDelayed.because === "busy"`: nothing was tried at all).
   */
  deliver(ticket: TicketRecord, entry: OutboxEntry): Promise<void>;
  /** The same for a mail that a reply owes. */
  deliverReply(ticket: TicketHead, reply: ReplyRecord, entry: OutboxEntry): Promise<void>;
  /** Sends a mail that says why another was refused, with the null sender. Throws as {@link deliver} does. */
  refuse(refusal: Refusal): Promise<void>;
  /** Turns away what waits for its turn and waits for what is being sent. The transport is closed after it. */
  close(): Promise<void>;
}

/** A mail of somebody that was refused. `name` is the same for every try. */
export interface Refusal {
  name: string;
  to: { name: string; email: string };
  deptid: number;
  code: string;
  subject: string;
  messageId?: string | undefined;
}

export interface NotifierDeps {
  transport: MailTransport;
  config: NotifyConfig & { TIME_ZONE?: string };
  /** Key of Message-IDs and loop tokens: the same in every worker, for ever. */
  tokenSecret: string;
  now(): Date;
  /** Name and address of a ticket's department; undefined when it is there no more. */
  describeDepartment(id: number): Promise<{ name: string; email?: string | undefined } | undefined>;
  /** Until when nothing is sent to an address, and why: a mail to it came back. */
  findMute?: ((address: string) => Promise<{ until: Date; because: string } | undefined>) | undefined;
}

/**
 * How long a mail waits for its turn, ms. With its wait for a place (5 s), the pace (10 s), the longest sending (40 s, see
 * `MAIL_SEND_TIMEOUT_MS`, and 5 s until a stuck thread is ended) and the mark less than the 90 s after which the outbox
 * relay takes the ticket: otherwise two would send the same mail side by side.
 */
const WAIT_MS = 15_000;
/** How long it is known that an address may be written to, ms. */
const KNOWN_FOR_MS = 500;

/** See {@link Notifier}. Throws `TemplateBroken` when a template cannot be used. */
export async function makeNotifier(deps: NotifierDeps): Promise<Notifier> {
  const { transport, config, tokenSecret } = deps;
  const templates = await loadTemplates(config.MAIL_TEMPLATE_DIR);
  const ids = makeMessageIds({ secret: tokenSecret, domain: config.MAIL_DOMAIN });
  const gate = makeGate({ slots: transport.concurrency, waitMs: WAIT_MS });
  async function sendInTurn(address: string, write: () => Promise<OutgoingMail>): Promise<void> {
    // Those that come together are asked for together. Whose turn is late asks again: while the store is away, so that no mark
    // would be taken, nothing is sent.
    await requireVoice(address, deps);
    const askedAt = deps.now().getTime();
    await gate.run(async () => {
      if (deps.now().getTime() - askedAt > KNOWN_FOR_MS) await requireVoice(address, deps);
      await transport.send(await write());
    });
  }
  async function send(topic: MailTopic, entry: OutboxEntry): Promise<void> {
    const owed = readOwed(entry);
    await sendInTurn(owed.to.address, () => writeMail(topic, owed, { ...deps, templates, ids }));
  }
  async function refuse(refusal: Refusal): Promise<void> {
    const address = sendableAddress(refusal.to.email);
    if (address === undefined) throw new MailRejected("The recipient's address is not valid");
    const to = { name: displayName(refusal.to.name), address };
    await sendInTurn(address, () => writeRefusal(refusal, to, { ...deps, templates, ids }));
  }
  return {
    deliver: (ticket, entry) => send({ ticket, written: ticket }, entry),
    deliverReply: (ticket, reply, entry) => send({ ticket, written: reply, reply }, entry),
    refuse,
    close: () => gate.close(),
  };
}

/** Throws when a mail to that address came back for good not long ago: another one would, too. */
async function requireVoice(address: string, { findMute }: NotifierDeps): Promise<void> {
  const mute = await findMute?.(address);
  if (mute) throw new MailRejected(`Nothing is sent to this address until ${mute.until.toISOString()}: ${mute.because}`);
}

interface OwedMail {
  template: MailTemplate;
  to: MailAddress;
}

function readOwed({ kind, template, to }: OutboxEntry): OwedMail {
  if (kind !== "mail" || !template || !to) throw new MailRejected("The outbox entry names no template or no recipient");
  const address = sendableAddress(to.email);
  if (address === undefined) throw new MailRejected("The recipient's address is not valid");
  return { template, to: { name: displayName(to.name), address } };
}

type Writing = NotifierDeps & { templates: MailTemplates; ids: MessageIds };

async function writeMail(topic: MailTopic, { template, to }: OwedMail, { config, templates, ids, now, describeDepartment }: Writing): Promise<OutgoingMail> {
  const { ticket, reply } = topic;
  const { departmentName, departmentAddress, from } = senderOf(await describeDepartment(ticket.deptid), config);
  const token = ids.replyToken(ticket);
  const content = templates(template, viewOf({ topic, template, to, departmentName, config }));
  const messageId = ids.ofDelivery(ticket, kindOf(template, reply?.replyId), to.address);
  const answered = ANSWERS.has(template) ? answeredMessageId(ticket) : undefined;
  return composeMail({
    messageId,
    from,
    to,
    replyTo: departmentAddress && config.MAIL_REPLY_TOKEN === "plus" ? withToken(departmentAddress, token) : departmentAddress,
    bounceTo: config.MAIL_BOUNCE_ADDRESS ?? from.address,
    date: now(),
    inReplyTo: answered,
    references: [...(answered === undefined ? [] : [answered]), ids.ofThread(ticket)],
    headers: loopSafeHeaders({ isAnswer: answered !== undefined, template, loopToken: ids.loopToken(messageId) }),
    content: { ...withMarker(content, token), subject: cleanLine(content.subject, MAX_SUBJECT_LINE) },
    trace: { ticketId: ticket.id, requestId: (reply ?? ticket).requestId, template },
  });
}

/** The null sender gets no bounce, and no machine answers it: a refusal ends here. */
async function writeRefusal(refusal: Refusal, to: MailAddress, { config, ids, now, describeDepartment }: Writing): Promise<OutgoingMail> {
  const { departmentName, from } = senderOf(await describeDepartment(refusal.deptid), config);
  const messageId = ids.ofNotice(refusal.name);
  const answered = sendableMessageId(refusal.messageId);
  return composeMail({
    messageId,
    from,
    to,
    replyTo: undefined,
    bounceTo: "",
    date: now(),
    inReplyTo: answered,
    references: answered === undefined ? [] : [answered],
    headers: loopSafeHeaders({ isAnswer: true, template: "refusal", loopToken: ids.loopToken(messageId) }),
    content: renderRefusal({ code: refusal.code, subject: refusal.subject, department: departmentName }),
    trace: { ticketId: 0, requestId: refusal.name, template: "refusal" },
  });
}

/** Whom a department's mails are from. */
function senderOf(department: { name: string; email?: string | undefined } | undefined, config: NotifyConfig) {
  const departmentName = department?.name ?? FALLBACK_NAME;
  const departmentAddress = addressOf(departmentName, department?.email);
  const fallback = config.MAIL_FROM ?? { name: "", address: `support@${config.MAIL_DOMAIN}` };
  const from = departmentAddress ?? { name: fallback.name || displayName(departmentName), address: fallback.address };
  return { departmentName, departmentAddress, from };
}

/** Mails that answer the one that opened the ticket. */
const ANSWERS: ReadonlySet<MailTemplate> = new Set(["ticket-opened", "reply-to-opener"]);
/** Shown for a department that is there no more. */
const FALLBACK_NAME = "Support";
/** A subject with its marker: below the 998 characters that a header line may have. */
const MAX_SUBJECT_LINE = 600;

function addressOf(name: string, email: string | undefined): MailAddress | undefined {
  const address = email === undefined ? undefined : sendableAddress(email);
  return address === undefined ? undefined : { name: displayName(name), address };
}

/** Message-ID of the mail that opened the ticket, where a mail did. */
function answeredMessageId({ source: { channel, messageId } }: TicketHead): string | undefined {
  return channel === "email" ? sendableMessageId(messageId) : undefined;
}

function sendableMessageId(messageId: unknown): string | undefined {
  const isSendable = typeof messageId === "string" && messageId.length <= 250 && /^<[!-;=?-~]+@[!-;=?-~]+>$/.test(messageId);
  return isSendable ? messageId : undefined;
}
