import { actionOf, command, isReplyAdded, type Receipt, type RequestStatus } from "@openticket/contract";
import type { LostJob, RecoverySource } from "./recovery.ts";

interface Receipts {
  leaseUndecided(now: Date, leaseMs: (receipt: Receipt) => number, limit: number): Promise<Receipt[]>;
  decided(requestId: string, outcome: Receipt["outcome"]): Promise<void>;
  requeued(requestIds: readonly string[]): Promise<void>;
}

/** Requests whose callers were answered before the outcome: a decided one is closed, whatever it came to. */
export function receiptSource(receipts: Receipts): RecoverySource {
  return {
    name: "receipts",
    async lease(now, leaseMs, limit) {
      const due = await receipts.leaseUndecided(now, ({ acceptedAt }) => leaseMs(acceptedAt), limit);
      return due.map((receipt) => ({ requestId: receipt._id, job: jobIn(receipt) }));
    },
    async settle({ requestId }, status) {
      await receipts.decided(requestId, outcomeIn(status));
      return true;
    },
    requeued: receipts.requeued,
  };
}

function outcomeIn(status: RequestStatus): Receipt["outcome"] {
  if (status.state === "failed") return "dead-letter";
  if (status.state === "rejected") return "rejection";
  return status.state === "done" && isReplyAdded(status.result) ? "reply" : "ticket";
}

function jobIn({ _id, commandJson = "" }: Receipt): LostJob | undefined {
  const parsed = command.safeParse(jsonIn(commandJson));
  return parsed.success ? { name: actionOf(parsed.data), id: _id, data: parsed.data } : undefined;
}

/** Undefined for a text that is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
