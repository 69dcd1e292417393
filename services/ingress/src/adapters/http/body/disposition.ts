import { decodeFieldText } from "./text.ts";

/** What a Content-Disposition header says of a form part. */
export interface Disposition {
  name: string;
  /** Undefined when there is no file name at all; empty for a file input that was left empty. */
  filename: string | undefined;
}

/** `name=value` and `name="value"` after a semicolon, or at the end of what a header may hold. */
const PARAMETER = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/gs;
/** `filename*`, or `filename*0*` of a name in several parts (RFC 2231). */
const CONTINUATION = /^filename\*(\d{1,3})(\*?)$/;

/**
 * Reads a part's Content-Disposition. `header` holds one character per byte, as headers arrive. Undefined when the part
 * has no name, and so is no form field; that it is said to be `form-data` does not matter, as it does not in PHP: callers send
 * files as `attachment` as well. Of the file names that can stand side by side, the encoded one (RFC 2231) counts: the plain one is
 * its substitute for old readers.
 */
export function parseDisposition(header: string): Disposition | undefined {
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of header.matchAll(PARAMETER)) {
    parameters.set(name.toLowerCase(), quoted === undefined ? plain.trim() : unquote(quoted));
  }
  const name = parameters.get("name");
  if (name === undefined) return undefined;
  const plain = parameters.get("filename");
  const filename = encodedName(parameters) ?? (plain === undefined ? undefined : toText(plain));
  return { name: toText(name), filename };
}

/** Only a quote is escaped in practice: a backslash before anything else belongs to a Windows path. */
function unquote(quoted: string): string {
  return quoted.replaceAll('\\"', '"');
}

function encodedName(parameters: ReadonlyMap<string, string>): string | undefined {
  const single = parameters.get("filename*");
  if (single !== undefined) return decodeExtended(single);
  const parts: { position: number; text: string }[] = [];
  for (const [name, text] of parameters) {
    const [, position, isEncoded] = CONTINUATION.exec(name) ?? [];
    if (position !== undefined) parts.push({ position: Number(position), text: isEncoded === "*" ? text : encodeURIComponent(toText(text)) });
  }
  if (parts.length === 0) return undefined;
  const joined = parts.toSorted((a, b) => a.position - b.position).map(({ text }) => text);
  return decodeExtended(joined.join(""));
}

/** `UTF-8'en'na%c3%afve.txt`. A charset other than UTF-8 shows in the bytes (see text.ts); the language is dropped. */
function decodeExtended(value: string): string {
  const encoded = /^[^']*'[^']*'(.*)$/s.exec(value)?.[1] ?? value;
  return toText(encoded.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
}

function toText(bytes: string): string {
  return decodeFieldText(Buffer.from(bytes, "latin1"));
}
