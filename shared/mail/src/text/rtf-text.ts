import type { TextDecoder } from "node:util";
import { decoderOf } from "./code-pages.ts";

/**
 * Text of RTF, or the HTML that Outlook packed into it ([MS-OXRTFEX]). One pass over control words, groups and text:
 * what a group changes is in a small state that its end takes back. No formatting is kept.
 */

/** Groups in groups beyond this share one state. */
const MAX_DEPTH = 200;
const MAX_CHARS = 4_000_000;
/** Destinations whose text is not the document's. */
const ASIDE = new Set(
  "fonttbl|colortbl|stylesheet|info|pict|object|header|headerl|headerr|headerf|footer|footerl|footerr|footerf|footnote|listtable|listoverridetable|revtbl|rsidtbl|generator|xmlnstbl|themedata|datastore|fldinst|bkmkstart|bkmkend|mmathPr|filetbl|nonshppict".split(
    "|",
  ),
);
const CHARACTERS: Record<string, string> = {
  ...{ par: "\n", line: "\n", sect: "\n", page: "\n", row: "\n", cell: "\t", tab: "\t" },
  ...{ emdash: "—", endash: "–", lquote: "‘", rquote: "’", ldblquote: "“", rdblquote: "”", bullet: "•", emspace: " ", enspace: " " },
};
const SYMBOLS: Record<string, string> = { "~": "\u00a0", _: "-", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n" };
const TOKEN = /\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\/g;

interface State {
  isAside: boolean;
  /** Between `\htmlrtf` and `\htmlrtf0`: RTF that says again what the HTML beside it says. */
  isTwin: boolean;
  /** Characters after `\u…` that stand for it where Unicode is not known. */
  fallback: number;
}

/** What RTF holds, one character a byte: HTML when it was made from HTML, else text. Never throws; linear in the input. */
export function readRtf(rtf: string): { html: string } | { text: string } {
  const isHtml = /\\fromhtml1/.test(rtf.slice(0, 2_000));
  const out = makeOutput(decoderOf(Number.parseInt(/\\ansicpg(\d{1,5})/.exec(rtf.slice(0, 2_000))?.[1] ?? "1252", 10)));
  const states: State[] = [];
  let state: State = { isAside: false, isTwin: false, fallback: 1 };
  let skip = 0;
  let deeper = 0;
  const emit = (text: string) => {
    const kept = text.slice(Math.min(skip, text.length));
    skip -= text.length - kept.length;
    if (!state.isAside && !state.isTwin) out.text(kept);
  };
  const group = (brace: string) => {
    skip = 0;
    if (brace === "{" && states.length < MAX_DEPTH) states.push({ ...state });
    else if (brace === "{") deeper += 1;
    else if (deeper > 0) deeper -= 1;
    else state = states.pop() ?? state;
  };
  const word = (name: string, parameter: number | undefined) => {
    if (name === "u" && parameter !== undefined) {
      skip = 0;
      emit(String.fromCharCode(parameter & 0xffff));
      skip = state.fallback;
    } else if (name === "uc") state.fallback = Math.min(10, Math.max(0, parameter ?? 1));
    else if (name === "htmlrtf") state.isTwin = isHtml && parameter !== 0;
    else if (name === "htmltag" && isHtml) state.isAside = false;
    else if (ASIDE.has(name)) state.isAside = true;
    else if (CHARACTERS[name] !== undefined) emit(CHARACTERS[name]);
  };
  for (const [, name, number, hex, symbol, brace, text] of rtf.matchAll(TOKEN)) {
    if (out.size() >= MAX_CHARS) break;
    if (name !== undefined) word(name, number === undefined ? undefined : Number.parseInt(number, 10));
    else if (hex !== undefined && skip > 0) skip -= 1;
    else if (hex !== undefined && !state.isAside && !state.isTwin) out.byte(Number.parseInt(hex, 16));
    else if (symbol === "*") state.isAside = true;
    else if (symbol !== undefined) emit(SYMBOLS[symbol] ?? "");
    else if (brace !== undefined) group(brace);
    else if (text !== undefined) emit(text);
  }
  return isHtml ? { html: out.finish() } : { text: out.finish().trim() };
}

/** Bytes of the code page are gathered: two of them may be one character. Text is one byte a character too. */
function makeOutput(decoder: TextDecoder) {
  const pieces: string[] = [];
  let bytes: number[] = [];
  let size = 0;
  const flush = () => {
    if (bytes.length > 0) pieces.push(decoder.decode(Uint8Array.from(bytes)));
    bytes = [];
  };
  return {
    byte(value: number): void {
      bytes.push(value);
      size += 1;
    },
    text(text: string): void {
      flush();
      pieces.push(text);
      size += text.length;
    },
    size: () => size,
    finish(): string {
      flush();
      return pieces.join("").replaceAll("\0", "");
    },
  };
}
