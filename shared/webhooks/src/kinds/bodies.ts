import { jsonIn } from "../mapping/event-text.ts";
import type { Reading, WebhookCall } from "../source-kind.ts";

/**
 * The event in a body: a JSON object or list, or a form with the JSON in its field `payload`, or a form whose fields are
 * the event. The door reads it for its id alone; the mapping reads it again from the stored body.
 */
export type EventDocument = { kind: "event"; value: unknown } | Extract<Reading, { kind: "malformed" }>;

/** What a body in JSON may call itself: some providers and many scripts say nothing, or the wrong thing. */
const POSSIBLE_TYPE = /^(application\/([\w.+-]+\+)?json|text\/(plain|json)|application\/(octet-stream|x-www-form-urlencoded))\b/i;
/** Longest id of an event, in characters. */
export const MAX_ID = 500;

/** Reads the body of an event; `contentType` as its caller says. What claims to be something else than text of JSON is malformed. */
export function eventDocument(body: Uint8Array, contentType: string | undefined): EventDocument {
  const type = contentType?.trim() ?? "";
  if (type !== "" && !POSSIBLE_TYPE.test(type)) return malformed(`the content type ${type.slice(0, 80)} is not JSON`);
  const json = jsonIn(body, type);
  return json === undefined ? malformed("the body is not UTF-8") : jsonDocument(json);
}

/** The fields of a JSON object; undefined for a list. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/**
 * The reading of a call that holds one event: its id where `idOf` finds one, and those headers that say something of it.
 * An id that is there and is no text is malformed.
 */
export function eventReading(
  call: WebhookCall,
  { idOf, headers = [] }: { idOf?: (event: Readonly<Record<string, unknown>>) => unknown; headers?: readonly string[] },
): Reading {
  const document = eventDocument(call.body, call.headers["content-type"]);
  if (document.kind === "malformed") return document;
  const event = fieldsOf(document.value);
  if (!event) return malformed("the event is not a JSON object");
  const id = idOf?.(event);
  if (id !== undefined && (typeof id !== "string" || id === "" || id.length > MAX_ID))
    return malformed(`the id of the event is not a text of up to ${MAX_ID} characters`);
  return { kind: "event", id, headers: headersOf(call, headers) };
}

/** Those of the headers that the call has. */
export function headersOf({ headers }: WebhookCall, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function jsonDocument(text: string): EventDocument {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { kind: "event", value } : malformed("the body is neither a JSON object nor a list");
  } catch {
    return malformed("the body is not JSON");
  }
}

function malformed(because: string): Extract<Reading, { kind: "malformed" }> {
  return { kind: "malformed", because };
}
