/** Elements whose content nobody reads. */
const UNSEEN = new Set([
  "script",
  "style",
  "title",
  "template",
  "svg",
  "iframe",
  "noframes",
  "noembed",
  "object",
  "applet",
  "xml",
  "audio",
  "video",
  "canvas",
  "math",
]);
/** Elements without content: they are never left, so they hide nothing that follows. */
export const VOID = new Set(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]);
/** When one of these ends that did not start inside a hidden element, the hidden element has ended too. */
const CONTAINERS = new Set(["div", "table", "tbody", "tr", "td", "body", "html", "center", "section", "article", "blockquote"]);
/** As hidden as these: the line of preview text that newsletters put in front. */
const HIDING = /display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)/i;
const NO_HEIGHT = /max-height\s*:\s*0(?:px)?\s*(?:;|!|$)/i;
const CUT_OFF = /overflow\s*:\s*hidden/i;
/** A style attribute of a mail is shorter; the rest is not looked at. */
const MAX_STYLE_CHARS = 2_000;

/** Follows which tags are inside something that is not shown. */
export interface HiddenContent {
  /** True when the element that opens here, or one around it, is not shown. */
  open(name: string, attributes: ReadonlyMap<string, string>): boolean;
  /** True when the tag closes inside of, or closes, what is not shown. */
  close(name: string): boolean;
  isInside(): boolean;
}

/** `scripts`: only what is no text by its nature; `styles`: also what styles hide. Needs no memory of nesting beyond a count per tag name. */
export function followHidden(mode: "scripts" | "styles"): HiddenContent {
  let hiddenBy: string | undefined;
  let openInside = new Map<string, number>();
  const end = () => {
    hiddenBy = undefined;
    openInside = new Map();
  };
  return {
    open(name, attributes) {
      if (hiddenBy === "p" && name === "p") end();
      if (hiddenBy !== undefined) {
        if (!VOID.has(name)) openInside.set(name, (openInside.get(name) ?? 0) + 1);
        return true;
      }
      const isHidden = UNSEEN.has(name) || (mode === "styles" && isHiddenByStyle(attributes));
      if (isHidden && !VOID.has(name)) hiddenBy = name;
      return isHidden;
    },
    close(name) {
      if (hiddenBy === undefined) return false;
      const count = openInside.get(name) ?? 0;
      if (count > 0) openInside.set(name, count - 1);
      const isEnd = count === 0 && (name === hiddenBy || (CONTAINERS.has(name) && !UNSEEN.has(hiddenBy)));
      const isOfHidden = count > 0 || name === hiddenBy || !isEnd;
      if (isEnd) end();
      return isOfHidden;
    },
    isInside: () => hiddenBy !== undefined,
  };
}

function isHiddenByStyle(attributes: ReadonlyMap<string, string>): boolean {
  if (attributes.has("hidden")) return true;
  const style = attributes.get("style")?.slice(0, MAX_STYLE_CHARS);
  return style !== undefined && (HIDING.test(style) || (NO_HEIGHT.test(style) && CUT_OFF.test(style)));
}
