/** Properties that only change how text looks where it stands: nothing that places, covers or loads. */
const PROPERTIES = new Set([
  ...["color", "background-color", "font", "font-family", "font-size", "font-style", "font-weight", "line-height", "letter-spacing"],
  ...["text-align", "text-decoration", "text-indent", "text-transform", "vertical-align", "white-space", "direction", "list-style-type"],
  ...["margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "padding", "padding-top", "padding-right", "padding-bottom", "padding-left"],
  ...["border", "border-top", "border-right", "border-bottom", "border-left", "border-color", "border-style", "border-width", "border-collapse"],
  ...["border-spacing", "border-radius", "width", "max-width", "height", "max-height", "display", "overflow", "opacity", "visibility"],
]);
/** Words, numbers, colours and names in quotes. No backslash, no URL, no negative number. */
const VALUE = /^(?:[\w#.%,'" !]|(?<=\w)-)+$/;
const COLOUR = /^rgba?\([\d\s.,%/]{1,60}\)$/i;
/** Real ones have fewer than 1,000 characters. */
const MAX_STYLE_CHARS = 5_000;

/** What may stay of a style attribute; "" when nothing. */
export function reduceStyle(style: string): string {
  if (style.length > MAX_STYLE_CHARS) return "";
  return style
    .split(";")
    .map(declaration)
    .filter((kept) => kept !== "")
    .join(";");
}

function declaration(text: string): string {
  const colon = text.indexOf(":");
  const [property, value] = [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
  const isKept = colon > 0 && PROPERTIES.has(property) && (VALUE.test(value) || COLOUR.test(value));
  return isKept ? `${property}:${value}` : "";
}
