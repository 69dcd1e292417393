import { messageOf } from "@openticket/runtime";
import { displayName, type MailAddress, sendableAddress } from "./address.ts";
import { cleanLine, withoutAddresses } from "./clean-text.ts";
import { composeMail } from "./compose.ts";
import type { NotifyConfig } from "./config.ts";
import type { Department, Letter, MailTemplate, OwedLetter, RefusalLetter } from "./letter.ts";
import { loopSafeHeaders } from "./loop-headers.ts";
import { MailDelayed } from "./mail-delayed.ts";
import type { OutgoingMail } from "./mail-transport.ts";
import { viewOf } from "./mail-view.ts";
import { type MessageIds, makeMessageIds } from "./message-ids.ts";
import { kindOf } from "./own-mail.ts";
import { renderRefusal } from "./refusal.ts";
import { withMarker, withToken } from "./reply-token.ts";
import { compileTemplates, type MailTemplates, type TemplateSources } from "./templates.ts";

/** Writes the mail that a letter asks for. Throws `MailDelayed` ("writing") when that fails, as a template of one's own may. */
export type MailWriter = (letter: Letter) => OutgoingMail;

/** What a writer is made from: plain data, for a thread too. */
export interface WritingOptions {
  config: WritingConfig;
  /** Key of Message-IDs and loop tokens: the same in every worker, for ever. */
  tokenSecret: string;
  /** Read once for all writers of a process: a later one must not meet other words, or none. */
  templates: TemplateSources;
}

/** Those settings that mails are written by. */
export type WritingConfig = Pick<NotifyConfig, "MAIL_FROM" | "MAIL_DOMAIN" | "MAIL_BOUNCE_ADDRESS" | "MAIL_REPLY_TOKEN" | "CLIENT_AREA_URL"> & {
  TIME_ZONE?: string | undefined;
};

/** Out of all settings, of which others are secrets. */
export function writingConfigOf(config: WritingConfig): WritingConfig {
  const { MAIL_FROM, MAIL_DOMAIN, MAIL_BOUNCE_ADDRESS, MAIL_REPLY_TOKEN, CLIENT_AREA_URL, TIME_ZONE } = config;
  return { MAIL_FROM, MAIL_DOMAIN, MAIL_BOUNCE_ADDRESS, MAIL_REPLY_TOKEN, CLIENT_AREA_URL, TIME_ZONE };
}

/** See {@link MailWriter}. Throws `TemplateBroken` when a template cannot be used. */
export function makeMailWriter({ config, tokenSecret, templates }: WritingOptions): MailWriter {
  const tools = { config, templates: compileTemplates(templates), ids: makeMessageIds({ secret: tokenSecret, domain: config.MAIL_DOMAIN }) };
  return (letter) => {
    try {
      return letter.kind === "owed" ? writeOwed(letter, tools) : writeRefusal(letter, tools);
    } catch (cause) {
      const reason = withoutAddresses(messageOf(cause));
      throw new MailDelayed("writing", `The mail ${letter.trace.template} could not be written: ${reason}`, { cause });
    }
  };
}

interface Tools {
  config: WritingConfig;
  templates: MailTemplates;
  ids: MessageIds;
}

function writeOwed({ template, to, ticket, written, reply, department, writtenAt }: OwedLetter, { config, templates, ids }: Tools): OutgoingMail {
  const { departmentName, departmentAddress, from } = senderOf(department, config);
  const token = ids.replyToken(ticket);
  const content = templates(template, viewOf({ ticket, written, reply, template, to, departmentName, config }));
  const messageId = ids.ofDelivery(ticket, kindOf(template, reply?.replyId), to.address);
  const answered = ANSWERS.has(template) ? ticket.messageId : undefined;
  return composeMail({
    messageId,
    from,
    to,
    replyTo: departmentAddress && config.MAIL_REPLY_TOKEN === "plus" ? withToken(departmentAddress, token) : departmentAddress,
    bounceTo: config.MAIL_BOUNCE_ADDRESS ?? from.address,
    date: new Date(writtenAt),
    inReplyTo: answered,
    references: [...(answered === undefined ? [] : [answered]), ids.ofThread(ticket)],
    headers: loopSafeHeaders({ isAnswer: answered !== undefined, template, loopToken: ids.loopToken(messageId) }),
    content: { ...withMarker(content, token), subject: cleanLine(content.subject, MAX_SUBJECT_LINE) },
  });
}

/** The null sender gets no bounce, and no machine answers it: a refusal ends here. */
function writeRefusal({ refusal, to, department, writtenAt }: RefusalLetter, { config, ids }: Tools): OutgoingMail {
  const { departmentName, from } = senderOf(department, config);
  const messageId = ids.ofNotice(refusal.name);
  const answered = refusal.messageId;
  return composeMail({
    messageId,
    from,
    to,
    replyTo: undefined,
    bounceTo: "",
    date: new Date(writtenAt),
    inReplyTo: answered,
    references: answered === undefined ? [] : [answered],
    headers: loopSafeHeaders({ isAnswer: true, template: "refusal", loopToken: ids.loopToken(messageId) }),
    content: renderRefusal({ code: refusal.code, subject: refusal.subject, department: departmentName }),
  });
}

/** Whom a department's mails are from. */
function senderOf(department: Department | undefined, config: WritingConfig) {
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
