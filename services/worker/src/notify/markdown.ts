import { convert } from "html-to-text";
import markdownIt from "markdown-it";
import sanitizeHtml from "sanitize-html";

/**
 * Markdown of strangers as HTML that is safe in a mail.
 *
 * Two walls: markdown-it takes no raw HTML and no script links, and what it gives passes an allow list all the same.
 * Images are not shown: a remote one tells the sender who has read the mail, when and where, and a mail program would
 * fetch it in our name. A link whose text is not its target gets the target written behind it, because anybody may have
 * a mail sent to anybody by opening a ticket, and "your bank" must not hide where it leads.
 */

const markdown = markdownIt({ html: false, linkify: false, typographer: false, breaks: true, maxNesting: 20 });
markdown.core.ruler.push("visible_targets", (state) => {
  const asText = (content: string) => Object.assign(new state.Token("text", "", 0), { content });
  for (const block of state.tokens) if (block.children) block.children = withVisibleTargets(block.children, asText);
});

type Token = ReturnType<typeof markdown.parse>[number];

const ALLOWED: sanitizeHtml.IOptions = {
  allowedTags: [
    "p",
    "br",
    "hr",
    "blockquote",
    "pre",
    "code",
    "em",
    "strong",
    "s",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
  ],
  allowedAttributes: { a: ["href", "rel"], ol: ["start"] },
  allowedSchemes: ["http", "https", "mailto"],
  allowProtocolRelative: false,
  disallowedTagsMode: "discard",
  nestingLimit: 40,
  transformTags: { a: sanitizeHtml.simpleTransform("a", { rel: "noopener noreferrer nofollow" }) },
};

/**
 * Beyond that many pieces (cells, words in bold …) a message is no text but an attack: 50 kB of empty table cells would
 * hold the process for a second.
 */
const MAX_TOKENS = 10_000;

/** Safe HTML of a message in markdown; undefined when it has too many pieces to be worth it. */
export function htmlOfMarkdown(source: string): string | undefined {
  const env = {};
  const tokens = markdown.parse(source, env);
  const pieces = tokens.reduce((sum, { children }) => sum + 1 + (children?.length ?? 0), 0);
  if (pieces > MAX_TOKENS) return undefined;
  return sanitizeHtml(markdown.renderer.render(tokens, markdown.options, env), ALLOWED);
}

/** The same message for people who read text: of the HTML above, so that both say the same. */
export function textOfHtml(html: string): string {
  return convert(html, {
    wordwrap: 78,
    limits: { maxInputLength: html.length, maxDepth: 60 },
    selectors: [
      { selector: "a", options: { ignoreHref: true } },
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, options: { uppercase: false } })),
      { selector: "table", format: "dataTable", options: { uppercaseHeaderCells: false } },
    ],
  });
}

function withVisibleTargets(tokens: Token[], asText: (content: string) => Token): Token[] {
  const result: Token[] = [];
  let href = "";
  let label = "";
  for (const token of tokens) {
    const shown = token.type === "image" ? asText(`[image: ${[token.content, token.attrGet("src")].filter(Boolean).join(" ")}]`) : token;
    result.push(shown);
    if (token.type === "link_open") [href, label] = [String(token.attrGet("href") ?? ""), ""];
    if (shown.type === "text" || shown.type === "code_inline") label += shown.content;
    if (token.type === "link_close" && !isTarget(label, href)) result.push(asText(` (${href})`));
  }
  return result;
}

function isTarget(label: string, href: string): boolean {
  return label === href || `mailto:${label}` === href || `${label}/` === href;
}
