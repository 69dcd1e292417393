/**
 * Base64 as it arrives: broken into lines, with blanks, url-safe, without padding, with "+" turned into a blank by a
 * form decoder. Undefined when it is not base64.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(/[\r\n\t]+/g, "");
  const readable = readingsOf(compact).filter(isBase64);
  const valid = readable.find((candidate) => candidate.length % 4 === 0) ?? readable[0];
  return valid === undefined ? undefined : Buffer.from(valid, "base64");
}

/** A blank inside is a "+" that a form decoder ate, unless blanks break the lines: then they carry nothing. The likelier one first. */
function readingsOf(text: string): string[] {
  if (!text.includes(" ")) return [text];
  const [withPlus, withoutBlanks] = [text.replaceAll(" ", "+"), text.replaceAll(" ", "")];
  return areLines(text.trim().split(/ +/)) ? [withoutBlanks, withPlus] : [withPlus, withoutBlanks];
}

/** Whether these parts of a text are the lines that it was broken into: all of one width, but for the first and the last one. */
export function areLines(parts: readonly string[]): boolean {
  const widths = parts.map(({ length }) => length);
  const [first = 0, last = 0] = [widths[0], widths.at(-1)];
  const inner = widths.slice(1, -1);
  const width = inner[0] ?? first;
  return widths.length > 1 && width > 0 && first <= width && last <= width && inner.every((one) => one === width);
}

function isBase64(text: string): boolean {
  const body = text.replace(/={1,2}$/, "");
  return body.length % 4 !== 1 && (body.length === text.length || text.length % 4 === 0) && !/[^A-Za-z0-9+/_-]/.test(body);
}
