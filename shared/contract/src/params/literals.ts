/**
 * Reading single parameters the way existing callers write them.
 *
 * Client libraries that have no value for an optional parameter send one of a handful of literals instead of leaving
 * it out (source: the wire facts, item 5). For everything but free text these mean "not given".
 */

/** Stands for an id that was given but cannot be one, so that the worker answers "not found" rather than "not given". */
export const NO_SUCH_ID = -1;

const NOT_GIVEN = new Set(["", "0", "false", "null", "none", "<nil>", "nil", "undefined", "nan", "[]", "[object object]", "array"]);
const SAYS_NO = new Set(["no", "off", "n", "f"]);
/** `{'1': 'x'}`: a dictionary printed by a program instead of being encoded. JSON's double quotes are not meant. */
const PRINTED_DICTIONARY = /^\{\s*('.*)?\}$/s;
const NUMBER = /^\+?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** True for what callers send when they mean nothing at all. */
export function isNotGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0) return true;
  if (typeof value === "string") return isNotGivenText(value.trim());
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isNotGivenText(text: string): boolean {
  return NOT_GIVEN.has(text.toLowerCase()) || PRINTED_DICTIONARY.test(text) || Number(text) === 0;
}

/** An id written as a number or as text (`1.00`, `01`, ` 1`, `1e+06`); undefined: not given; {@link NO_SUCH_ID}: no id. */
export function decodeId(value: unknown): number | undefined {
  if (isNotGiven(value)) return undefined;
  const number = typeof value === "string" && NUMBER.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : NO_SUCH_ID;
}

/**
 * A yes or no. A real `false` is kept, because it can overrule a default; the literals for "nothing" are not given.
 * Any other text is a yes, as it is in the language that these callers grew up with.
 */
export function decodeFlag(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (isNotGiven(value) || typeof value === "object") return undefined;
  return !SAYS_NO.has(String(value).trim().toLowerCase());
}

/** Free text, kept as it is; undefined for nothing, `null` for a value that is no text at all (a list, an object). */
export function decodeText(value: unknown): string | undefined | null {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") return Object.keys(value).length === 0 ? undefined : null;
  return String(value);
}

/** A short keyword or date: text without the blanks around it, and not one of the literals for "nothing". */
export function decodeKeyword(value: unknown): string | undefined | null {
  const text = decodeText(value);
  return typeof text === "string" && isNotGiven(text) ? undefined : (text?.trim() ?? text);
}
