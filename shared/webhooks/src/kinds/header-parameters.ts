/** `name=value` and `name="value"` after a semicolon. */
const PARAMETER = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/gs;
const EXTENDED = /^[^']*'[^']*'(.*)$/s;

/**
 * Parameters of a header such as Content-Disposition, by lower-case name. `header` holds one character per byte; values are
 * UTF-8, or Latin-1 where they are not. Of `filename` and `filename*` (RFC 5987) the latter counts.
 */
export function headerParameters(header: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of header.matchAll(PARAMETER)) {
    parameters.set(name.toLowerCase(), toText(quoted === undefined ? plain.trim() : unquote(quoted)));
  }
  for (const [name, value] of [...parameters]) {
    if (name.endsWith("*")) parameters.set(name.slice(0, -1), unescapeExtended(EXTENDED.exec(value)?.[1] ?? value));
  }
  return parameters;
}

/** Only a quote is escaped in practice: a backslash before anything else belongs to a Windows path. */
const unquote = (quoted: string): string => quoted.replaceAll('\\"', '"');

function unescapeExtended(escaped: string): string {
  return toText(escaped.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
}

function toText(latin1: string): string {
  const bytes = Buffer.from(latin1, "latin1");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return latin1;
  }
}
