/**
 * Base64 as it arrives: broken into lines, with blanks, url-safe, without padding, with "+" turned into a blank by a
 * form decoder. Undefined when it is not base64.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(/[\r\n\t]+/g, "");
  // A blank inside is a "+" that a form decoder ate, unless blanks also break the lines: then they carry nothing.
  const candidates = compact.includes(" ") ? [compact.replaceAll(" ", ""), compact.replaceAll(" ", "+")] : [compact];
  const readable = candidates.filter(isBase64);
  const valid = readable.find((candidate) => candidate.length % 4 === 0) ?? readable[0];
  return valid === undefined ? undefined : Buffer.from(valid, "base64");
}

function isBase64(text: string): boolean {
  const body = text.replace(/={1,2}$/, "");
  return body.length % 4 !== 1 && (body.length === text.length || text.length % 4 === 0) && !/[^A-Za-z0-9+/_-]/.test(body);
}
