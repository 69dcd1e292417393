import type { OutboxEntry, OwedEvent, RejectionRecord, ReplyRecord, TicketHead, TicketRecord, WebhookCallRecord, WebhookEvent } from "@openticket/contract";
import { makeCall } from "@openticket/webhooks";
import { replyAdded, requestRejected, statusChanged, ticketOpened } from "./event-body.ts";
import type { Interest } from "./interest.ts";

/**
 * Tells of events: for each endpoint that wants one a call is stored, under a name made from the event and the endpoint. So
 * telling again, after a crash or beside another worker, adds nothing. Sending is another's work (sender.ts), so that an
 * outbox waits for no endpoint.
 */
export interface Announcer {
  ofTicket(ticket: TicketRecord, entry: OutboxEntry): Promise<void>;
  ofReply(reply: ReplyRecord, entry: OutboxEntry): Promise<void>;
  ofRejection(rejection: RejectionRecord, entry: OutboxEntry): Promise<void>;
}

export interface AnnouncerDeps {
  recipients: Interest["recipients"];
  owe(call: WebhookCallRecord): Promise<void>;
  /** Calls to that endpoint are due. */
  onOwed(endpoint: string): void;
  findHead(ticketId: number): Promise<TicketHead | undefined>;
  now(): Date;
}

/** See {@link Announcer}. */
export function makeAnnouncer(deps: AnnouncerDeps): Announcer {
  return {
    async ofTicket(ticket, { event }) {
      const { id: ticketId, requestId, deptid } = ticket;
      if (event?.type === "ticket.opened") await tell(event, ticketOpened(ticket, event), { ticketId, requestId, deptid }, deps);
      if (event?.type === "ticket.status.changed") await tell(event, statusChanged(ticket, event), { ticketId, deptid }, deps);
    },
    async ofReply(reply, { event }) {
      // A ticket that was removed meanwhile leaves nothing to tell.
      const ticket = event && (await deps.findHead(reply.ticketId));
      const { ticketId, requestId } = reply;
      if (event && ticket) await tell(event, replyAdded(ticket, reply, event), { ticketId, requestId, deptid: ticket.deptid }, deps);
    },
    async ofRejection(rejection, { event }) {
      if (event) await tell(event, requestRejected(rejection, event), { requestId: rejection.requestId, deptid: event.deptid }, deps);
    },
  };
}

interface About {
  ticketId?: number;
  requestId?: string;
  deptid: number | undefined;
}

async function tell({ id: eventId, type }: OwedEvent, event: WebhookEvent, { deptid, ...about }: About, deps: AnnouncerDeps): Promise<void> {
  const { recipients, owe, onOwed, now } = deps;
  const wanting = recipients(type, deptid);
  if (wanting.length === 0) return;
  const body = JSON.stringify(event);
  await Promise.all(wanting.map(({ _id: endpoint }) => owe(makeCall({ eventId, endpoint, type, ...about, body, now: now() }))));
  for (const { _id: endpoint } of wanting) onOwed(endpoint);
}
