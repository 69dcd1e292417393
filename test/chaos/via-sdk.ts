import { type OpenTicketClient, QueueUnavailable, ReplyTimeout } from "@openticket/client";
import type { RequestFields } from "./requests.ts";
import { type Sent, sentOf } from "./sent.ts";

const PATIENCE_MS = 12_000;

/** Over the queue with the SDK, waiting for the result. */
export async function viaSdk({ key, params }: RequestFields, client: OpenTicketClient): Promise<Sent> {
  try {
    return sentOf(await client.openTicket(params, { idempotencyKey: key, timeoutMs: PATIENCE_MS }));
  } catch (error) {
    if (error instanceof QueueUnavailable) return { kind: "again", reason: "SDK: queue unavailable" };
    if (error instanceof ReplyTimeout) return { kind: "again", reason: "SDK: silence" };
    throw error;
  }
}
