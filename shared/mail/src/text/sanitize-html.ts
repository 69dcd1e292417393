import sanitize from "sanitize-html";
import { boundHtml } from "./html-bounds.ts";

/**
 * HTML of strangers, made fit to be shown beside our own pages. sanitize-html decides what stays; before it, the HTML
 * is written anew within bounds ({@link boundHtml}), because its parser is quadratic in nested or stray tags.
 * Nothing is loaded from elsewhere, which would tell a sender that, when and where a mail is read: images are those of
 * the mail (`cid:`) or in the HTML itself; styles are reduced to the look of text.
 */

/** HTML without scripts, forms and remote loading; `cid:` images are kept. Never throws; linear in the input, its result is bounded. */
export function sanitizeHtml(html: string): string {
  return sanitize(boundHtml(html), ALLOWED).trim();
}

const LOOK = ["style", "title", "dir", "lang", "align"];
const CELL = ["colspan", "rowspan", "valign", "width", "height", "bgcolor"];
/** Pictures without code in them: no SVG. */
const IMAGE = /^(?:cid:[^\s"'<>]+|data:image\/(?:png|gif|jpe?g|webp|bmp);base64,[a-z0-9+/=\s]+)$/i;

const ALLOWED: sanitize.IOptions = {
  allowedTags: [
    ...["p", "div", "span", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "center", "font", "a", "img"],
    ...["b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "small", "big", "tt", "kbd", "samp", "var", "mark", "q", "cite", "abbr"],
    ...["ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"],
    ...["section", "article", "header", "footer", "address", "figure", "figcaption", "bdi", "bdo", "wbr"],
  ],
  allowedAttributes: {
    "*": LOOK,
    a: ["href", "rel", "target"],
    img: ["src", "alt", "width", "height"],
    table: ["width", "border", "cellpadding", "cellspacing", "bgcolor"],
    ...Object.fromEntries(["td", "th", "tr", "col"].map((name) => [name, CELL])),
    font: ["color", "face", "size"],
    ol: ["start", "type"],
  },
  allowedSchemes: ["http", "https", "mailto", "tel"],
  allowedSchemesByTag: { img: ["cid", "data"] },
  allowProtocolRelative: false,
  // Styles come reduced; the library's own reader of them takes a parser of whole style sheets to each attribute.
  parseStyleAttributes: false,
  transformTags: {
    a: sanitize.simpleTransform("a", { rel: "noopener noreferrer nofollow", target: "_blank" }),
    img: (tagName, { src = "", ...others }) => ({ tagName, attribs: IMAGE.test(src) ? { src, ...others } : others }),
  },
  exclusiveFilter: ({ tag, attribs }) => tag === "img" && !attribs.src && !attribs.alt,
};
