import { type TicketRecord, ticketRecord } from "@openticket/contract";
import { z } from "zod";

/** A ticket as the REST API shows it: the record, without the store's own names. */
export const ticketView = ticketRecord
  .pick({
    id: true,
    tid: true,
    c: true,
    status: true,
    deptid: true,
    subject: true,
    message: true,
    markdown: true,
    priority: true,
    opener: true,
    service: true,
    customfields: true,
    attachments: true,
    preventClientClosure: true,
    source: true,
    decisions: true,
    requestId: true,
  })
  .extend({
    createdAt: z.iso.datetime(),
    receivedAt: z.iso.datetime(),
    openedAt: z.iso.datetime(),
    /** What is or was owed because of this ticket: replies and mails, each with its state. */
    deliveries: z.array(
      z.object({
        key: z.string(),
        kind: z.string(),
        state: z.enum(["pending", "delivered", "dead"]),
        attempts: z.int(),
        at: z.iso.datetime().optional(),
        lastError: z.string().optional(),
      }),
    ),
  });
export type TicketView = z.infer<typeof ticketView>;

/** See {@link ticketView}. */
export function viewTicket(ticket: TicketRecord): TicketView {
  const { _id, fingerprint, outbox, dueAt, createdAt, receivedAt, openedAt, ...shown } = ticket;
  return {
    ...shown,
    createdAt: createdAt.toISOString(),
    receivedAt: receivedAt.toISOString(),
    openedAt: openedAt.toISOString(),
    deliveries: outbox.map(({ key, kind, attempts, deliveredAt, deadAt, lastError }) => {
      const at = (deliveredAt ?? deadAt)?.toISOString();
      const state = deliveredAt ? "delivered" : deadAt ? "dead" : "pending";
      return { key, kind, state, attempts, ...(at !== undefined && { at }), ...(lastError !== undefined && { lastError }) };
    }),
  };
}
