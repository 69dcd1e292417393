import { MAX_PARAMETERS } from "../limits.ts";

/** A header such as `text/plain; charset=utf-8`, one character per byte as in the raw header. */
export interface Parameterised {
  /** What stands before the parameters, in lower case, without comments. */
  value: string;
  /** In order, names in lower case; quoted values without their quotes. */
  parameters: readonly (readonly [name: string, value: string])[];
}

/** White space and a name with its "=": the next parameter, although no semicolon was there. */
const NEXT_PARAMETER = /[ \t]+[a-z][a-z0-9*._-]{0,60}[ \t]*=/iy;

/** Reads a header with parameters, whatever is broken about it. Linear. */
export function parseParameterised(header: string): Parameterised {
  const valueEnd = plainEnd(header, 0);
  const value = withoutComments(header.slice(0, valueEnd)).trim().toLowerCase();
  const parameters: [string, string][] = [];
  let at = valueEnd;
  while (at < header.length && parameters.length < MAX_PARAMETERS) {
    at = skip(header, at, "; \t,");
    const nameEnd = endOfName(header, at);
    const name = header.slice(at, nameEnd).trim().toLowerCase();
    if (header[nameEnd] !== "=") {
      // No value: junk, such as a lone word or a comment.
      at = Math.max(nameEnd, at + 1);
      continue;
    }
    const { text, end } = readValue(header, skip(header, nameEnd + 1, " \t"));
    parameters.push([name, text]);
    at = end;
  }
  return { value, parameters };
}

/** The first parameter of that name that is not empty, as it stands. */
export function parameter({ parameters }: Parameterised, name: string): string | undefined {
  return parameters.find(([own, value]) => own === name && value !== "")?.[1];
}

function readValue(header: string, at: number): { text: string; end: number } {
  if (header[at] === '"') {
    const end = closingQuote(header, at + 1);
    if (end !== -1) return { text: unquote(header.slice(at + 1, end)), end: end + 1 };
    const cut = plainEnd(header, at + 1);
    return { text: header.slice(at + 1, cut).trim(), end: cut };
  }
  const end = plainEnd(header, at);
  return { text: header.slice(at, end).trim(), end };
}

/** End of an unquoted value: the semicolon, or white space before the next parameter. */
function plainEnd(header: string, from: number): number {
  let at = from;
  while (at < header.length && header[at] !== ";") {
    if (header[at] === " " || header[at] === "\t") {
      NEXT_PARAMETER.lastIndex = at;
      if (NEXT_PARAMETER.test(header)) return at;
      at = skip(header, at, " \t");
      continue;
    }
    at += 1;
  }
  return at;
}

function endOfName(header: string, from: number): number {
  let at = from;
  while (at < header.length && header[at] !== "=" && header[at] !== ";") at += 1;
  return at;
}

function closingQuote(header: string, from: number): number {
  let at = from;
  while (at < header.length && header[at] !== '"') at += header[at] === "\\" ? 2 : 1;
  return at < header.length ? at : -1;
}

/** Only quotes and backslashes are escaped in practice: a backslash before anything else belongs to a Windows path. */
function unquote(quoted: string): string {
  return quoted.includes("\\") ? quoted.replace(/\\(["\\])/g, "$1") : quoted;
}

function skip(header: string, from: number, characters: string): number {
  let at = from;
  while (at < header.length && characters.includes(header[at] ?? "")) at += 1;
  return at;
}

/** Text outside of parentheses; an unclosed one hides the rest. */
export function withoutComments(text: string): string {
  if (!text.includes("(")) return text;
  let depth = 0;
  let kept = "";
  for (const character of text) {
    if (character === "(") depth += 1;
    if (depth === 0) kept += character;
    if (character === ")" && depth > 0) depth -= 1;
  }
  return kept;
}
