import { type EventText, scanJson } from "./json-scan.ts";

/**
 * Reads the exact bytes of a call as the JSON of one event. A form is read as well: its field `payload`, where some
 * providers put the JSON, else its fields as an object. Never throws for what the bytes hold.
 */
export function readEventText(bytes: Uint8Array, contentType: string | undefined): EventText {
  const text = decodeUtf8(bytes);
  if (text === undefined) return { kind: "unreadable", because: "the body is not UTF-8" };
  // Some callers send JSON by a tool that calls everything a form.
  const isForm = !/^\s*[{[]/.test(text) && /^application\/x-www-form-urlencoded\b/i.test(contentType ?? "");
  const json = isForm ? jsonOfForm(text) : text;
  if (json.trim() === "") return { kind: "unreadable", because: "the body is empty" };
  return scanJson(json);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function jsonOfForm(text: string): string {
  const fields = new URLSearchParams(text);
  const payload = fields.get("payload");
  if (payload !== null) return payload;
  // Written out, so that a field that is named twice is found as in any other JSON.
  return `{${[...fields].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}
