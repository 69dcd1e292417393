import type { OutboxEntry, TicketRecord } from "@openticket/contract";
import { displayName, type MailAddress, sendableAddress } from "./address.ts";
import { cleanLine } from "./clean-text.ts";
import { composeMail } from "./compose.ts";
import type { NotifyConfig } from "./config.ts";
import { makeGate } from "./gate.ts";
import { MailRejected } from "./mail-rejected.ts";
import type { MailTransport, OutgoingMail } from "./mail-transport.ts";
import { type MailTemplate, viewOf } from "./mail-view.ts";
import { LOOP_HEADER, type MessageIds, makeMessageIds } from "./message-ids.ts";
import { loadTemplates, type MailTemplates } from "./templates.ts";

/**
 * Sends the mails that tickets owe.
 *
 * A mail is written anew for each try, from the ticket alone: nothing of it is stored, and the same delivery has the same
 * Message-ID whenever and wherever it is made. So sending twice, which a crash in between can cause, is recognisable.
 */
export interface Notifier {
  /**
   * Writes and sends one owed mail. Throws `MailRejected` when it can never be delivered; `MailDelayed`, or a fault of
   * what it depends on, when a later try may work (`MailDelayed.because === "busy"`: nothing was tried at all).
   */
  deliver(ticket: TicketRecord, entry: OutboxEntry): Promise<void>;
  /** Turns away what waits for its turn and waits for what is being sent. The transport is closed after it. */
  close(): Promise<void>;
}

export interface NotifierDeps {
  transport: MailTransport;
  config: NotifyConfig & { TIME_ZONE?: string };
  /** Key of Message-IDs and loop tokens: the same in every worker, for ever. */
  tokenSecret: string;
  now(): Date;
  /** Name and address of a ticket's department; undefined when it is there no more. */
  describeDepartment(id: number): Promise<{ name: string; email?: string | undefined } | undefined>;
}

/**
 * How long a mail waits for its turn, ms. Together with the longest sending (40 s, see `MAIL_SEND_TIMEOUT_MS`) and the mark
 * less than the 90 s after which the outbox relay takes the ticket: otherwise two would send the same mail side by side.
 */
const WAIT_MS = 15_000;

/** See {@link Notifier}. Throws `TemplateBroken` when a template cannot be used. */
export async function makeNotifier(deps: NotifierDeps): Promise<Notifier> {
  const { transport, config, tokenSecret } = deps;
  const templates = await loadTemplates(config.MAIL_TEMPLATE_DIR);
  const ids = makeMessageIds({ secret: tokenSecret, domain: config.MAIL_DOMAIN });
  const gate = makeGate({ slots: transport.concurrency, waitMs: WAIT_MS });
  return {
    async deliver(ticket, entry) {
      const owed = readOwed(entry);
      await gate.run(async () => transport.send(await writeMail(ticket, owed, { ...deps, templates, ids })));
    },
    close: () => gate.close(),
  };
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

async function writeMail(
  ticket: TicketRecord,
  { template, to }: OwedMail,
  { config, templates, ids, now, describeDepartment }: Writing,
): Promise<OutgoingMail> {
  const department = await describeDepartment(ticket.deptid);
  const departmentName = department?.name ?? FALLBACK_NAME;
  const departmentAddress = addressOf(departmentName, department?.email);
  const fallback = config.MAIL_FROM ?? { name: "", address: `support@${config.MAIL_DOMAIN}` };
  const from = departmentAddress ?? { name: fallback.name || displayName(departmentName), address: fallback.address };
  const content = templates(template, viewOf({ ticket, template, to, departmentName, config }));
  const messageId = ids.ofDelivery(ticket, template, to.address);
  const answered = template === "ticket-opened" ? answeredMessageId(ticket) : undefined;
  return composeMail({
    messageId,
    from,
    to,
    replyTo: departmentAddress,
    bounceTo: config.MAIL_BOUNCE_ADDRESS ?? from.address,
    date: now(),
    inReplyTo: answered,
    references: [...(answered === undefined ? [] : [answered]), ids.ofThread(ticket)],
    headers: loopSafeHeaders({ isAnswer: answered !== undefined, template, loopToken: ids.loopToken(messageId) }),
    content: { ...content, subject: cleanLine(content.subject, MAX_SUBJECT_LINE) },
    trace: { ticketId: ticket.id, requestId: ticket.requestId, template },
  });
}

/** Shown for a department that is there no more. */
const FALLBACK_NAME = "Support";
/** A subject with its marker: below the 998 characters that a header line may have. */
const MAX_SUBJECT_LINE = 600;

function addressOf(name: string, email: string | undefined): MailAddress | undefined {
  const address = email === undefined ? undefined : sendableAddress(email);
  return address === undefined ? undefined : { name: displayName(name), address };
}

/** Message-ID of the mail that opened the ticket, where a mail did. */
function answeredMessageId({ source: { channel, messageId } }: TicketRecord): string | undefined {
  const isMessageId = typeof messageId === "string" && messageId.length <= 250 && /^<[!-;=?-~]+@[!-;=?-~]+>$/.test(messageId);
  return channel === "email" && isMessageId ? messageId : undefined;
}

/**
 * Headers that keep machines from answering: RFC 3834 for all that follow it (`auto-replied` where a mail is answered),
 * Microsoft's for Exchange, and our own by which we know our mail when it comes back. No `Precedence`: it is discouraged
 * (RFC 2076) and makes filters take the mail for a mass mailing. No `List-*`: this is no list.
 */
function loopSafeHeaders({ isAnswer, template, loopToken }: { isAnswer: boolean; template: MailTemplate; loopToken: string }): Record<string, string> {
  return {
    "Auto-Submitted": isAnswer ? "auto-replied" : "auto-generated",
    "X-Auto-Response-Suppress": "All",
    "X-OpenTicket-Template": template,
    [LOOP_HEADER]: loopToken,
  };
}
