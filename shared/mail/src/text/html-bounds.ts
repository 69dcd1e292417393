import { readHtml } from "./html-events.ts";
import { followHidden, VOID } from "./html-hidden.ts";
import { reduceStyle } from "./html-style.ts";

/**
 * HTML written anew from its tags: well-formed, at most {@link MAX_DEPTH} deep and {@link MAX_HTML_CHARS} long, without
 * what is no text and without most attributes. So a parser that keeps a stack can read it: what made it slow or deep is
 * gone, and two parsers cannot disagree on it. It is not the security boundary: the sanitiser after it is.
 */

/** What a browser shows without trouble. The text is kept apart from it, and whole. */
export const MAX_HTML_CHARS = 1_000_000;
export const MAX_DEPTH = 100;
/** Every element of the largest newsletters; each costs the sanitiser about 10 µs. */
const MAX_TAGS = 50_000;

/** HTML that is bounded in depth, tags and length. Never throws. */
export function boundHtml(html: string): string {
  const out: string[] = [];
  const open: string[] = [];
  const hidden = followHidden("scripts");
  let size = 0;
  let tags = 0;
  const write = (piece: string) => {
    size += piece.length;
    out.push(piece);
  };
  readHtml(html, {
    isFull: () => size >= MAX_HTML_CHARS || tags >= MAX_TAGS,
    text: (text) => {
      if (!hidden.isInside()) write(escapeText(text.slice(0, MAX_HTML_CHARS)));
    },
    open: (name, attributes) => {
      if (hidden.open(name, attributes) || !NAME.test(name)) return;
      const isVoid = VOID.has(name);
      if (tags >= MAX_TAGS || (!isVoid && open.length >= MAX_DEPTH)) return;
      tags += 1;
      if (!isVoid) open.push(name);
      write(openTag(name, attributes));
    },
    close: (name) => {
      if (hidden.close(name)) return;
      const index = open.lastIndexOf(name);
      if (index < 0) return;
      for (const inner of open.splice(index).reverse()) write(`</${inner}>`);
    },
  });
  for (const inner of open.reverse()) write(`</${inner}>`);
  return out.join("");
}

const NAME = /^[a-z][a-z0-9]{0,20}$/;
const KEPT = new Set([
  ...["href", "src", "alt", "title", "width", "height", "align", "valign", "bgcolor", "border", "cellpadding", "cellspacing"],
  ...["colspan", "rowspan", "start", "type", "color", "face", "size", "dir", "lang", "hidden"],
]);
/** Values of others than `src` are short. */
const MAX_VALUE_CHARS = 5_000;

function openTag(name: string, attributes: ReadonlyMap<string, string>): string {
  let tag = `<${name}`;
  for (const [key, value] of attributes) {
    if (KEPT.has(key) && (value.length <= MAX_VALUE_CHARS || key === "src")) tag += ` ${key}="${escapeText(value)}"`;
  }
  const style = reduceStyle(attributes.get("style") ?? "");
  return `${tag}${style === "" ? "" : ` style="${escapeText(style)}"`}>`;
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => ESCAPES[mark] ?? mark);
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
