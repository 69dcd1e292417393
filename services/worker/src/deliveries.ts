import {
  type CommandResult,
  type OutboxEntry,
  type RejectionRecord,
  type ReplyRecord,
  resultOfReply,
  resultOfTicket,
  type TicketHead,
  type TicketRecord,
} from "@openticket/contract";
import type { Abridged } from "./abridge.ts";
import type { Announcer } from "./events-out/announce.ts";
import { AnswerDelayed } from "./late-answer.ts";
import { MailDelayed } from "./notify/mail-delayed.ts";
import { MailRejected } from "./notify/mail-rejected.ts";
import type { Notifier } from "./notify/notifier.ts";

export interface DeliveriesDeps {
  /** Puts a result on a requester's queue. Must fail in time: whoever delivers holds other deliveries meanwhile. */
  answer(queue: string, result: CommandResult): Promise<void>;
  notifier: Pick<Notifier, "deliver" | "deliverReply">;
  tickets: { findHead(id: number): Promise<TicketHead | undefined> };
  replies: { applyToTicket(reply: ReplyRecord): Promise<void> };
  announcer: Announcer;
}

/** How each kind of delivery is made: an answer to the requester's queue, a mail, an event, the change of a reply's ticket. Throws when it failed. */
export interface Deliveries {
  ofTicket(ticket: TicketRecord & Abridged, entry: OutboxEntry): Promise<void>;
  ofReply(reply: ReplyRecord & Abridged, entry: OutboxEntry): Promise<void>;
  ofRejection(rejection: RejectionRecord, entry: OutboxEntry): Promise<void>;
  /** What became of a delivery that threw; see the dispatcher. */
  severityOf(error: unknown): "final" | "failed" | "untried";
}

/** See {@link Deliveries}. */
export function makeDeliveries({ answer, notifier, tickets, replies, announcer }: DeliveriesDeps): Deliveries {
  async function mailOfReply(reply: ReplyRecord & Abridged, entry: OutboxEntry): Promise<void> {
    const ticket = await tickets.findHead(reply.ticketId);
    if (!ticket) throw new MailRejected("The reply's ticket is there no more");
    await notifier.deliverReply(ticket, reply, entry);
  }
  return {
    async ofTicket(ticket, entry) {
      const { kind, queue, requestId = ticket.requestId, correlationId } = entry;
      if (kind === "reply" && queue !== undefined) return answer(queue, resultOfTicket({ requestId, correlationId }, ticket));
      if (kind === "event") return announcer.ofTicket(ticket, entry);
      return notifier.deliver(ticket, entry);
    },
    async ofReply(reply, entry) {
      const { kind, queue, requestId = reply.requestId, correlationId } = entry;
      if (kind === "ticket") return replies.applyToTicket(reply);
      if (kind === "reply" && queue !== undefined) return answer(queue, resultOfReply({ requestId, correlationId }, reply));
      if (kind === "event") return announcer.ofReply(reply, entry);
      return mailOfReply(reply, entry);
    },
    ofRejection: announcer.ofRejection,
    severityOf(error) {
      if (error instanceof MailRejected) return "final";
      const isUntried = error instanceof AnswerDelayed || (error instanceof MailDelayed && error.because === "busy");
      return isUntried ? "untried" : "failed";
    },
  };
}
