import { readHtml } from "./html-events.ts";
import { followHidden, type HiddenContent } from "./html-hidden.ts";
import { makeLinks } from "./html-links.ts";
import { makeLists } from "./html-lists.ts";
import { makeTables } from "./html-tables.ts";
import { makeTextLayout, type TextLayout } from "./text-layout.ts";

/**
 * Readable text of HTML, for mails that have no other and for the text of those that have both.
 *
 * A stream, not a tree: html-to-text and every renderer that builds a document first recurse into it, or cut it at a
 * depth, and 100,000 nested elements are cheap to send. Here each tag changes a few counters. What real mail needs of
 * nesting (quotes, lists, rows) is counted; nothing is ever looked up by depth. Rejected also: cutting the input by
 * size, because inline images as data URLs make honest mails of 20 MB whose text comes after them.
 * Invariant: work is linear in the input, the result has at most {@link MAX_TEXT_CHARS} characters and its marks.
 */

/** A text that no person writes or reads; a document of the store has 16 MB. */
export const MAX_TEXT_CHARS = 1_000_000;
const MAX_ALT_CHARS = 500;

/** Elements before and after which a new line begins; those with 2 have a blank line around them. */
const BLOCKS = new Map<string, 1 | 2>([
  ...["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl"].map((name) => [name, 2] as const),
  ...["div", "section", "article", "header", "footer", "main", "nav", "aside", "address", "center", "form", "fieldset", "figure"].map(
    (name) => [name, 1] as const,
  ),
  ...["figcaption", "caption", "legend", "details", "summary", "dt", "dd", "option", "textarea", "body", "hr"].map((name) => [name, 1] as const),
]);
/** Paragraphs that are lines: Outlook makes one of each line, and styles take their distance away. */
const IS_LINE = /\bMso(?:Normal|PlainText|ListParagraph|NoSpacing)/;
const HAS_NO_MARGIN = /margin(?:-top|-bottom)?\s*:\s*0/i;

/** Text of HTML as a person reads it. Never throws; linear in the input, its result is bounded. */
export function htmlToText(html: string): string {
  const text = render(html, followHidden("styles"));
  // Hidden by a style that is shown to somebody, such as one for telephones: better too much than nothing.
  return text === "" ? render(html, followHidden("scripts")) : text;
}

function render(html: string, hidden: HiddenContent): string {
  const layout = makeTextLayout(MAX_TEXT_CHARS);
  const [links, lists, tables, blocks] = [makeLinks(layout), makeLists(layout), makeTables(layout), makeBlocks(layout)];
  const write = (text: string) => {
    links.saw(text);
    layout.write(text);
  };
  readHtml(html, {
    isFull: layout.isFull,
    text: (text) => {
      if (!hidden.isInside()) write(text);
    },
    open: (name, attributes) => {
      if (hidden.open(name, attributes)) return;
      if (name === "a") return links.open(attributes);
      if (name === "img") return write(alternative(attributes));
      if (name === "br") return layout.lineEnd();
      if (lists.open(name, attributes) || tables.open(name) || openFrame(name, layout)) return;
      if (!tables.isCellStart()) blocks.open(name, attributes);
    },
    close: (name) => {
      if (hidden.close(name)) return;
      if (name === "a") return links.close();
      if (lists.close(name) || tables.close(name) || closeFrame(name, layout)) return;
      blocks.close(name);
    },
  });
  links.close();
  return layout.finish();
}

/** Emoticons are sent as images whose text is the emoticon itself: these stand for themselves. */
function alternative(attributes: ReadonlyMap<string, string>): string {
  const alt = attributes.get("alt")?.trim().slice(0, MAX_ALT_CHARS) ?? "";
  return alt === "" || /^\p{Extended_Pictographic}/u.test(alt) ? alt : `[${alt}]`;
}

function openFrame(name: string, layout: TextLayout): boolean {
  if (name === "blockquote") layout.quote(1);
  if (name === "pre") layout.pre(1);
  return name === "blockquote" || name === "pre";
}

function closeFrame(name: string, layout: TextLayout): boolean {
  if (name === "blockquote") layout.quote(-1);
  if (name === "pre") layout.pre(-1);
  return name === "blockquote" || name === "pre";
}

/** Paragraphs, headings and other blocks. A paragraph ends as it began: with a blank line or without. */
function makeBlocks(layout: TextLayout) {
  let ofParagraph: 1 | 2 = 1;
  return {
    open(name: string, attributes: ReadonlyMap<string, string>): void {
      const lineEnds = BLOCKS.get(name);
      if (lineEnds === undefined) return;
      if (name === "p") ofParagraph = isLine(attributes) ? 1 : 2;
      layout.block(name === "p" ? ofParagraph : lineEnds);
      if (name !== "hr") return;
      layout.write("---");
      layout.block(1);
    },
    close(name: string): void {
      const lineEnds = name === "p" ? ofParagraph : BLOCKS.get(name);
      if (lineEnds !== undefined) layout.block(lineEnds);
      if (name === "p") ofParagraph = 1;
    },
  };
}

function isLine(attributes: ReadonlyMap<string, string>): boolean {
  return IS_LINE.test(attributes.get("class") ?? "") || HAS_NO_MARGIN.test(attributes.get("style")?.slice(0, MAX_STYLE_CHARS) ?? "");
}

/** Longer than the styles of any mail program. */
const MAX_STYLE_CHARS = 1_000;
