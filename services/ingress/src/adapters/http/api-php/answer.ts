import type { RequestError } from "@openticket/contract";

/** The three answer formats of the call (source: the wire facts, item 7). */

/** Version that the XML envelope names: that of the reference we implement. */
const API_VERSION = "8.11";

/** What is answered, before it has a format. `message` and, on success, the ids are what callers know. */
export type Answer =
  | { result: "success"; requestId: string; isReplay: boolean; id: number; tid: string; c: string }
  /** A reply was added. */
  | { result: "success"; requestId: string; isReplay: boolean; replyId: number }
  | { result: "error"; message: string; errors?: readonly RequestError[]; requestId?: string };

export interface Formatted {
  contentType: string;
  body: string;
}

/** Formats an answer as the caller asked: `json`, `xml`, or `nvp`, which is also what silence means, and anything else. */
export function formatAnswer(answer: Answer, { responseType, action }: { responseType: unknown; action: string }): Formatted {
  switch (typeof responseType === "string" && responseType.trim().toLowerCase()) {
    case "json":
      return { contentType: "application/json", body: JSON.stringify(jsonFields(answer)) };
    case "xml":
      return { contentType: "application/xml", body: xml(action, plainFields(answer)) };
    default:
      return { contentType: "text/plain; charset=utf-8", body: nvp(plainFields(answer)) };
  }
}

/**
 * What we add to the answer for a reply: the reference has `result` alone there, which is both its first key and the last
 * one, by which callers go. So our own stands in headers.
 */
export function headersOf(answer: Answer): Record<string, string> {
  if (!("replyId" in answer)) return {};
  const { requestId, replyId, isReplay } = answer;
  return { "x-request-id": requestId, "x-reply-id": String(replyId), ...(isReplay && { "idempotency-replayed": "true" }) };
}

/** `result` first, and last what callers read as "the value": `c`, or the message. What we add stands between. */
function jsonFields(answer: Answer): Record<string, unknown> {
  if ("replyId" in answer) return { result: answer.result };
  if (answer.result === "success") {
    const { result, requestId, isReplay, id, tid, c } = answer;
    return { result, requestid: requestId, ...(isReplay && { replayed: true }), id, tid, c };
  }
  const { result, requestId, errors, message } = answer;
  return { result, ...(requestId && { requestid: requestId }), ...(errors && { errors }), message };
}

function plainFields(answer: Answer): [string, string][] {
  const { result } = answer;
  if ("replyId" in answer) return [["result", result]];
  if (answer.result === "success")
    return [
      ["result", result],
      ["id", String(answer.id)],
      ["tid", answer.tid],
      ["c", answer.c],
    ];
  const request: [string, string][] = answer.requestId ? [["requestid", answer.requestId]] : [];
  return [["result", result], ...request, ["message", answer.message]];
}

function xml(action: string, fields: [string, string][]): string {
  const elements = [["action", action], ...fields].map(([name, value = ""]) => `<${name}>${xmlText(value)}</${name}>`);
  return `<?xml version="1.0" encoding="utf-8"?><whmcsapi version="${API_VERSION}">${elements.join("")}</whmcsapi>`;
}

const XML_ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Escaped, and without what no XML 1.0 document may hold. */
function xmlText(value: string): string {
  return value.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "").replace(/[&<>"']/g, (sign) => XML_ESCAPES[sign] ?? sign);
}

/** `key=value;` without a newline; in a value ";" and line breaks would end it. */
function nvp(fields: [string, string][]): string {
  return fields.map(([name, value]) => `${name}=${value.replaceAll(";", ",").replace(/[\r\n\u0085\u2028\u2029]+/g, " ")};`).join("");
}
