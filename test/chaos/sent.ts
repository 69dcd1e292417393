import type { OpenTicketResult } from "@openticket/contract";
import type { Acknowledgement } from "./ledger.ts";

/** What came of one delivery. `again`: the outcome is not known, and the door may be asked once more. `odd`: no answer that the product promises. */
export type Sent = Acknowledgement | { kind: "again"; reason: string } | { kind: "odd"; what: string };

/** A result of the queue as the ledger knows it. */
export function sentOf(result: OpenTicketResult): Sent {
  if (result.result === "error") return { kind: "rejected", code: result.errors[0]?.code ?? result.message };
  const { id, tid, c, replayed = false } = result;
  return { kind: "opened", id, tid, c, isReplay: replayed };
}
