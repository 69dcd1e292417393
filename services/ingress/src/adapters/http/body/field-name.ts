import { MalformedBody } from "./errors.ts";

/** Bytes of a field's name as it comes. Real ones have a few dozen; what is longer is another kind of body. */
const MAX_NAME_BYTES = 4 * 1024;

/** Where a form field belongs: `a[b][]` is root "a" and keys "b" and "" (the next free number). */
export interface FieldPath {
  root: string;
  keys: readonly string[];
}

const NO_KEYS: readonly string[] = [];

/**
 * Reads a field's name as PHP does: blanks in front are dropped, brackets nest, what follows the last bracket is
 * dropped, a bracket that is never closed is part of the name ("_" takes its place). Undefined: no name, no field.
 */
export function parseFieldName(name: string): FieldPath | undefined {
  const trimmed = name.charCodeAt(0) === 0x20 ? name.trimStart() : name;
  if (trimmed === "") return undefined;
  const open = trimmed.indexOf("[", 1);
  if (open === -1) return { root: trimmed, keys: NO_KEYS };
  const root = trimmed.slice(0, open);
  if (trimmed.indexOf("]", open) === -1) return { root: `${root}_${trimmed.slice(open + 1)}`, keys: NO_KEYS };
  return { root, keys: keysFrom(trimmed, open) };
}

/** Throws MalformedBody for a name that no field of a form has. */
export function checkNameBytes(bytes: number): void {
  if (bytes > MAX_NAME_BYTES) throw new MalformedBody(`the name of a field is longer than ${MAX_NAME_BYTES} bytes: is this a form?`);
}

function keysFrom(name: string, firstOpen: number): string[] {
  const keys: string[] = [];
  for (let open = firstOpen; name[open] === "["; ) {
    const close = name.indexOf("]", open);
    if (close === -1) break;
    keys.push(name.slice(open + 1, close));
    open = close + 1;
  }
  return keys;
}
