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
const CHARACTERS = new Map([
  ...["par", "line", "sect", "page", "row"].map((name) => [name, "\n"] as const),
  ...["cell", "tab"].map((name) => [name, "\t"] as const),
  ...([
    ["emdash", "—"],
    ["endash", "–"],
    ["lquote", "‘"],
    ["rquote", "’"],
    ["ldblquote", "“"],
    ["rdblquote", "”"],
    ["bullet", "•"],
  ] as const),
  ...["emspace", "enspace"].map((name) => [name, " "] as const),
]);
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
  const head = rtf.slice(0, HEAD_CHARS);
  const isHtml = head.includes("\\fromhtml1");
  const codePage = Number.parseInt(/\\ansicpg(\d{1,5})/.exec(head)?.[1] ?? "1252", 10);
  const out = makeOutput(decoderOf(codePage));
  const reader = makeReader(out, isHtml);
  for (const [, name, number, hex, symbol, brace, text] of rtf.matchAll(TOKEN)) {
    if (out.size() >= MAX_CHARS) break;
    if (name !== undefined) reader.word(name, number === undefined ? undefined : Number.parseInt(number, 10));
    else if (hex !== undefined) reader.byte(Number.parseInt(hex, 16));
    else if (symbol !== undefined) reader.symbol(symbol);
    else if (brace !== undefined) reader.group(brace);
    else if (text !== undefined) reader.text(text);
  }
  return isHtml ? { html: out.finish() } : { text: out.finish().trim() };
}

/** Where the words that concern the whole document stand. */
const HEAD_CHARS = 2_000;
const MAX_FALLBACK = 10;

function makeReader(out: Output, isHtml: boolean) {
  const outer: State[] = [];
  let state: State = { isAside: false, isTwin: false, fallback: 1 };
  /** Characters still to come that only stand for one that was written. */
  let skip = 0;
  let deeper = 0;

  function text(characters: string): void {
    const kept = characters.slice(skip);
    skip = Math.max(0, skip - characters.length);
    if (!state.isAside && !state.isTwin) out.text(kept);
  }

  function unicode(code: number): void {
    skip = 0;
    text(String.fromCharCode(code & 0xffff));
    skip = state.fallback;
  }

  return {
    text,
    byte(value: number): void {
      if (skip > 0) skip -= 1;
      else if (!state.isAside && !state.isTwin) out.byte(value);
    },
    symbol(character: string): void {
      if (character === "*") state.isAside = true;
      else text(SYMBOLS[character] ?? "");
    },
    group(brace: string): void {
      skip = 0;
      if (brace === "{" && outer.length < MAX_DEPTH) outer.push({ ...state });
      else if (brace === "{") deeper += 1;
      else if (deeper > 0) deeper -= 1;
      else state = outer.pop() ?? state;
    },
    word(name: string, parameter: number | undefined): void {
      if (name === "u" && parameter !== undefined) unicode(parameter);
      else if (name === "uc") state.fallback = Math.min(MAX_FALLBACK, Math.max(0, parameter ?? 1));
      else if (name === "htmlrtf") state.isTwin = isHtml && parameter !== 0;
      else if (name === "htmltag" && isHtml) state.isAside = false;
      else if (ASIDE.has(name)) state.isAside = true;
      else text(CHARACTERS.get(name) ?? "");
    },
  };
}

interface Output {
  byte(value: number): void;
  text(text: string): void;
  size(): number;
  finish(): string;
}

/** Bytes of the code page are gathered: two of them may be one character. Text is one byte a character too. */
function makeOutput(decoder: ReturnType<typeof decoderOf>): Output {
  const pieces: string[] = [];
  let bytes: number[] = [];
  let size = 0;
  const flush = () => {
    if (bytes.length > 0) pieces.push(decoder.decode(Uint8Array.from(bytes)));
    bytes = [];
  };
  return {
    byte(value) {
      bytes.push(value);
      size += 1;
    },
    text(text) {
      flush();
      pieces.push(text);
      size += text.length;
    },
    size: () => size,
    finish() {
      flush();
      return pieces.join("").replaceAll("\0", "");
    },
  };
}
