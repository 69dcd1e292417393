import type { CallTry, SealedSecret, WebhookCallRecord, WebhookEndpoint } from "@openticket/contract";
import { requestedDelay, type SendGuarded, signedHeaders, validSecrets } from "@openticket/webhooks";

/** One try of a call: signs, sends, and says what came of it. Never throws for what the endpoint does. */

export interface MakeCallDeps {
  send: SendGuarded;
  /** Opens a sealed secret; throws when it cannot. */
  open(sealed: string): string;
  now(): Date;
  /** Of a clock that never goes back, ms. */
  nowMs(): number;
}

/** `unanswered`: nobody there, or too busy; `refused`: answered, and not with success. */
export interface MadeCall {
  made: CallTry;
  result: "delivered" | "gone" | "refused" | "unanswered";
  /** Wait that the answer asks for, ms. */
  requestedMs?: number | undefined;
}

/** What is read of an answer, bytes: its status says all. */
const MAX_ANSWER_BYTES = 4096;
const MAX_ERROR_LENGTH = 300;
const GONE = 410;
/** Answers of a receiver that cannot take anything now. */
const BUSY = new Set([408, 429, 502, 503, 504]);

/** See the head of the file. Throws when no secret can be opened: that is our own trouble, and no try. */
export async function makeOneCall({ eventId: id, body }: WebhookCallRecord, endpoint: WebhookEndpoint, deps: MakeCallDeps): Promise<MadeCall> {
  const at = deps.now();
  const secrets = openSecrets(validSecrets(endpoint, at), deps);
  const headers = { "content-type": "application/json", "user-agent": "OpenTicket-Webhooks/1", ...signedHeaders(secrets, { id, at, body }) };
  const startedMs = deps.nowMs();
  const tookMs = () => Math.round(deps.nowMs() - startedMs);
  try {
    const answer = await deps.send(endpoint.url, { method: "POST", headers, body, timeoutMs: endpoint.timeoutMs, maxBytes: MAX_ANSWER_BYTES });
    const { status } = answer;
    const result = resultOf(status);
    const made = { at, tookMs: tookMs(), status, ...(result !== "delivered" && { error: `the answer was ${status}` }) };
    return { made, result, requestedMs: requestedDelay(answer.headers, at) };
  } catch (error) {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return { made: { at, tookMs: tookMs(), error: text.slice(0, MAX_ERROR_LENGTH) }, result: "unanswered" };
  }
}

function resultOf(status: number): MadeCall["result"] {
  if (status >= 200 && status <= 299) return "delivered";
  if (status === GONE) return "gone";
  return status >= 500 || BUSY.has(status) ? "unanswered" : "refused";
}

function openSecrets(secrets: readonly SealedSecret[], { open }: MakeCallDeps): string[] {
  if (secrets.length === 0) throw new Error("the endpoint has no valid secret");
  return secrets.map(({ sealed }) => open(sealed));
}
