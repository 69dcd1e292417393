import { createHmac, createSecretKey } from "node:crypto";
import type { TicketHead } from "@openticket/contract";
import { isSame } from "@openticket/runtime";

type TicketName = Pick<TicketHead, "_id" | "id">;

/**
 * The names of our mails.
 *
 * A Message-ID is derived, never drawn: a delivery that is tried again, by another process too, has the same one, and
 * whoever gets it twice can tell. It is keyed, so that nobody can guess the name of somebody else's mail, forge a reply
 * to it, or tell whether an address was written to.
 * The loop token is keyed over the Message-ID alone: the door that reads mail can check it without the ticket.
 */
export interface MessageIds {
  /** `<ot.{id}.{kind}.{hmac}@{domain}>` of this delivery. `kind`: the template, and `-{replyId}` behind it for a mail about a reply. */
  ofDelivery(ticket: TicketName, kind: string, address: string): string;
  /** Common ancestor of all mails of this ticket; no mail has it, all refer to it. */
  ofThread(ticket: TicketName): string;
  /** Message-ID of a mail that no ticket owes, such as a refusal, by its own name. */
  ofNotice(name: string): string;
  /** `t{id}.{hmac}`: names the ticket in an address or in quoted text. Lower case. */
  replyToken(ticket: TicketName): string;
  /** Value of the header {@link LOOP_HEADER} for the mail with that Message-ID. */
  loopToken(messageId: string): string;
  /** True for a token that this secret has made for that Message-ID: the mail is our own, come back. */
  isOwnLoopToken(token: string, messageId: string): boolean;
}

/** Header by which a mail of ours is known when it comes back. */
export const LOOP_HEADER = "X-OpenTicket-Loop";
/** 128 bits of the HMAC in hex: enough against guessing, short in a header. */
const DIGEST_CHARS = 32;
/** 80 bits where people see it: nobody can try that many mails. */
const TOKEN_CHARS = 20;

/** See {@link MessageIds}. The same secret and domain give the same names, in every process and after every restart. */
export function makeMessageIds({ secret, domain }: { secret: string; domain: string }): MessageIds {
  const key = createSecretKey(Buffer.from(secret));
  const digest = (...parts: (string | number)[]) => createHmac("sha256", key).update(JSON.stringify(parts)).digest("hex").slice(0, DIGEST_CHARS);
  const nameOf = (ticket: TicketName, kind: string, mac: string) => `<ot.${ticket.id}.${kind}.${mac}@${domain}>`;
  const loopToken = (messageId: string) => `v1 ${digest("loop", messageId)}`;
  return {
    ofDelivery: (ticket, kind, address) => nameOf(ticket, kind, digest("mail", ticket._id, ticket.id, kind, address.toLowerCase())),
    ofThread: (ticket) => nameOf(ticket, "thread", digest("thread", ticket._id, ticket.id)),
    ofNotice: (name) => `<ot.0.notice.${digest("notice", name)}@${domain}>`,
    replyToken: (ticket) => `t${ticket.id}.${digest("reply", ticket._id, ticket.id).slice(0, TOKEN_CHARS)}`,
    loopToken,
    isOwnLoopToken: (token, messageId) => isSame(token.trim(), loopToken(messageId)),
  };
}
