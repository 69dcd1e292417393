import { type InboundRecord, inboundMailCommand } from "@openticket/contract";
import { z } from "zod";

/** The jobs of what came in, mails and events alike: a record in the store that is to be decided once. */
export interface InboundJobDeps {
  /** What its outcomes are called in metrics: `mail`, `event`. */
  label: string;
  find(id: string): Promise<InboundRecord | undefined>;
  /** Decides a record that is not decided, and notes it. Throws for faults that a later try may not meet. */
  take(record: InboundRecord): Promise<TakenInbound>;
}

/** A job that was read, as the consumer takes it. */
export interface InboundAction {
  read(data: unknown, defaults: { requestId: string }): InboundJob;
}
export type InboundJob = { requestId: string } & (
  | { kind: "runnable"; run(): Promise<TakenInbound>; recall(): Promise<TakenInbound | undefined> }
  | { kind: "unreadable"; reason: string }
);

/** What became of a job. `kind` is its label in metrics; `deliver` begins what is owed because of it. */
export interface TakenInbound {
  kind: string;
  deliver?: () => Promise<void>;
}

/** The action of {@link inboundMailCommand}. Records that are decided are left alone; one that was erased leaves nothing to do. */
export function inboundJob({ label, find, take }: InboundJobDeps): InboundAction {
  const decidedBefore = (record: InboundRecord | undefined): TakenInbound | undefined => {
    if (!record) return { kind: `${label}-gone` };
    return record.state === "stored" ? undefined : { kind: `${label}-decided` };
  };
  return {
    read(data, defaults) {
      const parsed = inboundMailCommand.safeParse(data);
      if (!parsed.success) return { kind: "unreadable", requestId: defaults.requestId, reason: z.prettifyError(parsed.error) };
      const { requestId, inboundId } = parsed.data;
      return {
        kind: "runnable",
        requestId,
        async run() {
          const record = await find(inboundId);
          const decided = decidedBefore(record);
          return decided || !record ? (decided ?? { kind: `${label}-gone` }) : take(record);
        },
        recall: async () => decidedBefore(await find(inboundId)),
      };
    },
  };
}
