import type { Block } from "./mime/layout.ts";
import type { Part } from "./mime/part.ts";
import { htmlToText } from "./text/html-to-text.ts";
import { takeUuencoded } from "./text/uuencode.ts";

export interface Body {
  text: string;
  /** Not sanitised. Absent when no part is HTML. */
  html: string | undefined;
  /** Files that stood in the text. */
  files: { name: string; bytes: Uint8Array }[];
}

/** Text and HTML of a message's blocks, in order. `textOf` gives a part's decoded text. */
export function composeBody(blocks: readonly Block[], textOf: (part: Part) => string): Body {
  const files: Body["files"] = [];
  const plainOf = (parts: readonly Part[]) => {
    const taken = takeUuencoded(parts.map(textOf).map(trimLines).join("\n"));
    files.push(...taken.files);
    return taken.text;
  };
  const pieces = blocks.map((block) => {
    const plain = plainOf(block.plain);
    return { plain, html: block.html.map((part) => (part.type === "text/html" ? textOf(part) : asHtml(textOf(part)))).join("\n") };
  });
  const text = pieces.map(({ plain, html }) => (plain.trim() === "" && html !== "" ? htmlToText(html) : plain)).filter((piece) => piece.trim() !== "");
  const hasHtml = blocks.some(({ html }) => html.length > 0);
  const html = hasHtml ? pieces.map((piece) => piece.html || asHtml(piece.plain)).join("\n") : undefined;
  return { text: withoutBlankLinesFirst(trimLines(text.join("\n"))), html, files };
}

/** Plain text between HTML parts. */
function asHtml(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return text.trim() === "" ? "" : `<div>${escaped.replaceAll("\n", "<br>\n")}</div>`;
}

/** The first line keeps its indentation. */
function withoutBlankLinesFirst(text: string): string {
  let start = 0;
  for (let at = 0; at < text.length && /\s/.test(text[at] ?? ""); at += 1) if (text[at] === "\n") start = at + 1;
  return text.slice(start);
}

/** Without blank lines at the end. By hand: an expression for it would be slow on long white space. */
function trimLines(text: string): string {
  let end = text.length;
  while (end > 0 && /\s/.test(text[end - 1] ?? "")) end -= 1;
  return text.slice(0, end);
}
