import { messageOf } from "@openticket/runtime";
/**
 * Looks through a JSON text for what `JSON.parse` accepts in silence and nobody means: names that stand twice in an object,
 * names that mean something to JavaScript, nesting without end, numbers beyond all bounds. An integer with more digits than
 * expressions hold becomes a text, so that two of them which differ stay different.
 *
 * Problem: what was lost while parsing cannot be asked for afterwards. Choice: one pass over the tokens before, which says
 * nothing about the grammar: that is left to `JSON.parse`, whose words people know.
 */

/** The JSON of an event, safe to parse, or why there is none; the reason is for people. */
export type EventText = { kind: "json"; text: string } | { kind: "unreadable"; because: string };

/** How deep an event may nest; deeper ones are made to harm. */
const MAX_DEPTH = 200;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\]:,]/gsu;
const FORBIDDEN_NAMES = new Set(["__proto__"]);

/** The text, safe to parse; a text that is no JSON at all is found by the parser, and said as well. */
export function scanJson(text: string): EventText {
  const pieces: string[] = [];
  const open: (Set<string> | undefined)[] = [];
  let copied = 0;
  let name: string | undefined;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") {
      if (open.push(token === "{" ? new Set() : undefined) > MAX_DEPTH) return unreadable(`it nests deeper than ${MAX_DEPTH} levels`);
    } else if (token === "}" || token === "]") open.pop();
    else if (token === ":" && name !== undefined) {
      const fault = takeName(name, open.at(-1));
      if (fault) return unreadable(fault);
    } else if (isNumber(token)) {
      if (!Number.isFinite(Number(token))) return unreadable(`the number ${shortened(token)} is beyond all bounds`);
      if (isTooLong(token)) {
        pieces.push(text.slice(copied, index), `"${token}"`);
        copied = index + token.length;
      }
    }
    name = token.startsWith('"') ? token : undefined;
  }
  // As it came: what stands for a number must not make JSON of what is none.
  const fault = faultOf(text);
  return fault === undefined ? { kind: "json", text: pieces.join("") + text.slice(copied) } : unreadable(fault);
}

function takeName(quoted: string, names: Set<string> | undefined): string | undefined {
  const name = unquoted(quoted);
  if (name === undefined || !names) return undefined;
  if (FORBIDDEN_NAMES.has(name)) return `it has a field ${name}`;
  if (names.has(name)) return `the field ${JSON.stringify(shortened(name))} stands twice in one object`;
  names.add(name);
  return undefined;
}

function unquoted(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

function isNumber(token: string): boolean {
  return /^-?\d/.test(token);
}

/** An integer that expressions would round: they hold 15 digits. */
function isTooLong(token: string): boolean {
  return /^-?\d{16,}$/.test(token);
}

function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function unreadable(because: string): EventText {
  return { kind: "unreadable", because: `the body is no JSON that can be trusted: ${because}` };
}

const MAX_SHOWN = 60;

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
