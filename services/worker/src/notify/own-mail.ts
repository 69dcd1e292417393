import type { MessageIds } from "./message-ids.ts";

/** Our own mails, known by their keyed names when they come back: in headers, in an address, in quoted text. */
export interface OwnMail {
  /** Number of the ticket that a Message-ID or a token says it belongs to. A claim, no proof. */
  claimIn(text: string): number | undefined;
  /** True for a Message-ID or a token that this secret has made for that ticket. */
  isOfTicket(text: string, ticket: SentOf): boolean;
  /** Whom the mail with that Message-ID went to; undefined when it is none that this ticket has sent. */
  recipientOf(messageId: string, ticket: SentOf): string | undefined;
  isOwnLoopToken(token: string, messageId: string): boolean;
}

/** A ticket, and what was sent because of it. */
interface SentOf {
  _id: string;
  id: number;
  mails: { template: string; address: string; replyId?: number | undefined }[];
}

const CLAIM = /^(?:<ot\.(\d{1,15})\.[a-z0-9-]{1,60}\.[0-9a-f]{32}@|t(\d{1,15})\.[0-9a-f]{20}$)/i;

/** See {@link OwnMail}. */
export function makeOwnMail(ids: MessageIds): OwnMail {
  const recipientOf = (messageId: string, ticket: SentOf) =>
    ticket.mails.find(({ template, address, replyId }) => ids.ofDelivery(ticket, kindOf(template, replyId), address) === messageId)?.address;
  return {
    claimIn(text) {
      const [, ofMessageId, ofToken] = CLAIM.exec(text) ?? [];
      return Number(ofMessageId ?? ofToken ?? 0) || undefined;
    },
    isOfTicket(text, ticket) {
      if (!text.startsWith("<")) return ids.replyToken(ticket) === text.toLowerCase();
      return ids.ofThread(ticket) === text || recipientOf(text, ticket) !== undefined;
    },
    recipientOf,
    isOwnLoopToken: ids.isOwnLoopToken,
  };
}

/** What stands for the kind of a mail in its Message-ID. */
export function kindOf(template: string, replyId: number | undefined): string {
  return replyId === undefined ? template : `${template}-${replyId}`;
}
