import { LIMITS } from "../limits.ts";
import type { TicketParams } from "../ticket-params.ts";
import { decodeBase64 } from "./base64.ts";
import { isNotGiven } from "./literals.ts";
import { readPhpArray } from "./php-array.ts";

type CustomFields = NonNullable<TicketParams["customfields"]>;
export type DecodedCustomFields = { kind: "fields"; fields: CustomFields | undefined } | { kind: "invalid"; reason: string };

/** `[object Object]`, with some blanks around it, bytes. */
const LONGEST_NOTHING = 32;
const WANTED = "send base64 of a PHP-serialized array of field id => value, bracket fields customfields[<id>], or a JSON object";

/**
 * Custom fields in any of their encodings: base64 of a PHP-serialized array, a JSON object (as text, as base64, or real),
 * or what bracket fields became. Keys are field ids; that they exist is the worker's to say.
 */
export function decodeCustomFields(value: unknown): DecodedCustomFields {
  if (isNotGiven(value)) return { kind: "fields", fields: undefined };
  const decoded = typeof value === "string" ? decodeTextForm(value.trim()) : { kind: "fields" as const, fields: value };
  return decoded.kind === "invalid" ? decoded : checkFields(decoded.fields);
}

function decodeTextForm(text: string): { kind: "fields"; fields: unknown } | { kind: "invalid"; reason: string } {
  const bytes = /^(a:\d|\{)/.test(text) ? Buffer.from(text, "utf8") : decodeBase64(text);
  if (bytes === undefined) return invalid("it is not base64");
  if (isNothing(bytes)) return { kind: "fields", fields: {} };
  if (bytes.length > 0 && bytes[0] === 0x7b) return decodeJson(bytes.toString("utf8"));
  const array = readPhpArray(bytes);
  return array.kind === "array" ? { kind: "fields", fields: array.value } : invalid(array.reason);
}

/** What callers without fields encode instead of leaving it out: a literal for nothing, or PHP's null, false, 0 or empty text. */
function isNothing(bytes: Buffer): boolean {
  const text = bytes.length <= LONGEST_NOTHING ? bytes.toString("utf8").trim() : "";
  return text !== "" && (isNotGiven(text) || /^(N|b:0|i:0|s:0:"");$/.test(text));
}

function decodeJson(text: string): { kind: "fields"; fields: unknown } | { kind: "invalid"; reason: string } {
  try {
    return { kind: "fields", fields: JSON.parse(text) };
  } catch {
    return invalid("it is not JSON");
  }
}

function checkFields(value: unknown): DecodedCustomFields {
  if (typeof value !== "object" || value === null) return invalid("it is not a set of fields");
  const entries = Object.entries(value);
  if (entries.length > LIMITS.customFields) return invalid(`it holds more than ${LIMITS.customFields} fields`);
  const wrongKey = entries.find(([key]) => !/^\d{1,15}$/.test(key))?.[0];
  if (wrongKey !== undefined) return invalid(`${JSON.stringify(wrongKey.slice(0, 40))} is no field id`);
  if (entries.some(([, inner]) => nestsDeeperThan(inner, LIMITS.customFieldDepth))) return invalid(`it nests deeper than ${LIMITS.customFieldDepth} levels`);
  if (entries.length === 0) return { kind: "fields", fields: undefined };
  return { kind: "fields", fields: Object.fromEntries(entries.map(([key, inner]) => [String(Number(key)), inner])) };
}

function nestsDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => nestsDeeperThan(inner, levels - 1));
}

function invalid(reason: string): { kind: "invalid"; reason: string } {
  return { kind: "invalid", reason: `customfields could not be read: ${reason}; ${WANTED}` };
}
