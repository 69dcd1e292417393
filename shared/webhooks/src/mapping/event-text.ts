import { type EventText, scanJson } from "./json-scan.ts";

/**
 * Reads the exact bytes of a call as the JSON of one event. A form is read as well: its field `payload`, where some
 * providers put the JSON, else its fields as an object. Never throws for what the bytes hold.
 */
export function readEventText(bytes: Uint8Array, contentType: string | undefined): EventText {
  const json = jsonIn(bytes, contentType);
  if (json === undefined) return { kind: "unreadable", because: "the body is not UTF-8" };
  if (json.trim() === "") return { kind: "unreadable", because: "the body is empty" };
  return scanJson(json);
}

/** The text of a body that should be JSON, in a form or not; undefined when it is not UTF-8. Nothing is parsed. */
export function jsonIn(bytes: Uint8Array, contentType: string | undefined): string | undefined {
  const text = decodeUtf8(bytes);
  // Some callers send JSON by a tool that calls everything a form.
  const isForm = text !== undefined && !/^\s*[{[]/.test(text) && /^\s*application\/x-www-form-urlencoded\b/i.test(contentType ?? "");
  return isForm ? jsonOfForm(text) : text;
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
