import type { SourceKind } from "@openticket/webhooks";
import type { WebhookResult } from "../../intake/receive-webhook.ts";

/** What a provider hears. `result`, of the metrics, is bounded. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
  result: string;
  headers?: Record<string, string>;
}

const JSON_TYPE = "application/json; charset=utf-8";

/** The answer to a call that was understood, in the statuses that its provider goes by. */
export function answerFor(result: WebhookResult, { statuses }: Pick<SourceKind, "statuses">): Answer {
  switch (result.kind) {
    case "accepted": {
      const { inbound, unknown } = result;
      return said(statuses.accepted, { result: "accepted", id: inbound.map(({ id }) => id), ...(unknown.length > 0 && { unknownMailbox: unknown }) });
    }
    case "ignored":
      return said(statuses.ignored, { result: "ignored", message: result.because });
    case "handshake":
      return result.answer
        ? { status: statuses.accepted, result: "handshake", ...result.answer }
        : said(statuses.accepted, { result: "handshake", message: result.because });
    case "refused":
      return { ...failed(statuses[result.outcome], result.because), result: result.outcome };
  }
}

/** An answer that says what was wrong. */
export function failed(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return { ...said(status, { result: "error", message }), headers };
}

function said(status: number, body: { result: string; [more: string]: unknown }): Answer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(body), result: body.result };
}
