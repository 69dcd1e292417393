import { z } from "zod";

/** Events that we tell of. */
export const EVENT_TYPES = ["ticket.opened", "ticket.reply.added", "ticket.status.changed", "request.rejected"] as const;
export const eventType = z.enum(EVENT_TYPES);
export type EventType = z.infer<typeof eventType>;
