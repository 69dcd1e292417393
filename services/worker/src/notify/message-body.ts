import { cleanBody } from "./clean-text.ts";
import type { Written } from "./letter.ts";
import { htmlOfMarkdown, textOfHtml } from "./markdown.ts";

/** A ticket's message as it stands in a mail. */
export interface MessageBody {
  /** Safe HTML. */
  html: string;
  text: string;
  /** Characters that were given and that are shown; `isCut` when they differ. */
  length: number;
  shown: number;
  isCut: boolean;
}

/** The message in both forms. Markdown with too many pieces is shown as it was given. */
export function renderMessage({ message, length, markdown }: Pick<Written, "message" | "length" | "markdown">): MessageBody {
  const source = cleanBody(message);
  const size = { length, shown: message.length, isCut: message.length < length };
  const html = markdown ? htmlOfMarkdown(source) : undefined;
  if (html === undefined) return { html: htmlOfPlainText(source), text: source.trimEnd(), ...size };
  return { html, text: textOfHtml(html).trimEnd(), ...size };
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Line breaks and runs of blanks kept; addresses stay text. */
function htmlOfPlainText(text: string): string {
  const escaped = text.trimEnd().replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  return escaped.replace(/ {2}/g, " \u00a0").replace(/\t/g, "\u00a0\u00a0\u00a0 ").replace(/\n/g, "<br>\n");
}
