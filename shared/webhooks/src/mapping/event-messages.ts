import type { EventCorrelation, EventMapping, TicketParams } from "@openticket/contract";

/** What is to become of one event. Bytes, not the parsed body: whatever it holds is met by the thread alone. */
export interface EventTask {
  body: Uint8Array;
  contentType?: string | undefined;
  headers: Readonly<Record<string, string>>;
  /** Name and kind of its source. */
  source: string;
  kind: string;
  /** ISO 8601. */
  receivedAt: string;
  mapping: EventMapping;
  correlation?: EventCorrelation | null | undefined;
}

export type EventReading =
  | {
      kind: "mapped";
      /** The parameters that the mapping yields, read as OpenTicket reads them; absent for an event that says it is over. */
      params?: MappedParams;
      /** What its correlation says: events with the same text are about the same thing. Absent: it stands alone. */
      key?: string;
      /** What its correlation says of when it happened, ms since 1970. */
      happenedAt?: number;
      isResolved: boolean;
    }
  /** Its mapping does not want it. */
  | { kind: "unwanted" }
  /** The body is not what an event is. */
  | { kind: "unreadable"; because: string }
  /** An expression failed: its place, such as `mapping.ticket.subject`, and why. */
  | { kind: "unmappable"; path: string; because: string };

export type MappedParams = Record<string, NonNullable<TicketParams["customfields"]>[string]>;

/** From the thread, for each task. */
export interface ThreadAnswer {
  kind: "read";
  reading: EventReading;
}

/** To the process, for each event. `limitMs`: of CPU, from when its thread takes it. */
export interface EvaluatorTask {
  task: EventTask;
  limitMs: number;
}

/** From the process, for each event. `late`: it took longer; `spent`: it exhausted the thread, for people. */
export type EvaluatorAnswer = ThreadAnswer | { kind: "late" } | { kind: "spent"; because: string };
