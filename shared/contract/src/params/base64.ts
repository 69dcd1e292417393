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

/** Whether these parts of a base64 text are the lines that it was broken into: whole groups, as wide as the first, but for the last one. */
export function areLines(parts: readonly string[]): boolean {
  const [width = 0, ...others] = parts.map(({ length }) => length);
  return (
    width > 0 && width % 4 === 0 && others.length > 0 && others.every((length, index) => length === width || (index === others.length - 1 && length < width))
  );
}

function isBase64(text: string): boolean {
  const body = text.replace(/={1,2}$/, "");
  return body.length % 4 !== 1 && (body.length === text.length || text.length % 4 === 0) && !/[^A-Za-z0-9+/_-]/.test(body);
}
