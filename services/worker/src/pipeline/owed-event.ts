import { type EventType, eventIdOf, type OutboxEntry, type OwedEvent } from "@openticket/contract";

/** Whether an endpoint wants to hear of that; asked before anything is written, so that nobody's wish costs nothing. */
export type WantsEvent = (type: EventType) => boolean;

type Facts = Omit<OwedEvent, "type" | "id">;

/** The entry by which a record owes an event, or none; `subject` names what it is about among all events of its type. */
export function owedEvent(type: EventType, subject: string, facts: Facts, wantsEvent: WantsEvent | undefined): OutboxEntry[] {
  if (!wantsEvent?.(type)) return [];
  return [{ key: `event:${type}`, kind: "event", event: { type, id: eventIdOf(type, subject), ...facts }, attempts: 0 }];
}
