import { type InboundMailCommand, type InboundRecord, inboundCommandOf, inboundJobName, type RequestStatus } from "@openticket/contract";
import type { OpenRequest, RecoverySource } from "./recovery.ts";

interface Inbound {
  leaseUndecided(now: Date, leaseMs: (record: InboundRecord) => number, limit: number): Promise<InboundRecord[]>;
  decide(id: string, outcome: Pick<InboundRecord, "reason" | "trace"> & { state: "quarantined" }): Promise<void>;
}

/**
 * Messages that came in. The job notes the outcome itself, with its trace, and meets the ticket that an earlier run has
 * made: so it runs again unless it was given up; then the message waits for an operator.
 */
export function inboundSource(inbound: Inbound): RecoverySource {
  return {
    name: "inbound",
    async lease(now, leaseMs, limit) {
      const due = await inbound.leaseUndecided(now, ({ receivedAt }) => leaseMs(receivedAt), limit);
      return due.map((record): OpenRequest => ({ requestId: record.requestId, job: jobOf(record) }));
    },
    async settle({ job }, outcome) {
      if (outcome.state !== "failed" || !job) return false;
      await inbound.decide((job.data as InboundMailCommand).inboundId, givenUp(outcome));
      return true;
    },
    requeued: async () => undefined,
  };
}

function jobOf(record: InboundRecord) {
  return { name: inboundJobName(record), id: record.requestId, data: inboundCommandOf(record) };
}

function givenUp({ result }: Extract<RequestStatus, { state: "failed" }>) {
  const { code = "failed", message: text = "" } = result.result === "error" ? (result.errors[0] ?? {}) : {};
  return { state: "quarantined" as const, reason: { code, text }, trace: [{ rule: "given up", answer: "quarantined", because: code }] };
}
