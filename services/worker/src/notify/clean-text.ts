/**
 * Making foreign text harmless where it stands beside our own: in headers, names and file names.
 * Bodies are not cleaned like this: they stand in a block of their own, as they were given.
 */

/** Marks that turn the order of text around, or hide in it (Unicode TR 36, 2.5; CVE-2021-42574). */
const DIRECTION_MARKS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Letters without width; soft hyphen, word joiner, byte order mark, Mongolian separator, Hangul fillers, tags. */
const INVISIBLE =
  /\u034f|\u17b4|\u17b5|\u180b|\u180c|\u180d|[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
/**
 * Joiners are part of Persian, Indic and emoji text, so one stays between two characters of such. Latin, its extensions
 * and punctuation, with the joiners themselves, are none: a run of joiners is hidden text.
 */
const STRAY_JOINER = /(?<![\u0300-\u036f\u0590-\u1dff\u2190-\u{10ffff}])[\u200c\u200d]|[\u200c\u200d](?![\u0300-\u036f\u0590-\u1dff\u2190-\u{10ffff}])/gu;
/**
 * The beginning of an encoded word (RFC 2047), such as `=?utf-8?Q?=E2=80=AE?=`. In ASCII headers it would go out as it is,
 * and the recipient's mail program would decode it to all that is taken out here.
 */
const ENCODED_WORD = /=\?(?=[^?]*\?[bq]\?)/gi;
/** Most lines: words of printable ASCII with single blanks between them, and no encoded word. */
const CLEAN_LINE = /^(?!.*=\?)[!-~]+(?: [!-~]+)*$/;
const LINE_BREAKS_AND_CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
/** Controls other than tab and line feed: they have no place in a body either. */
const BODY_CONTROLS = /(?![\t\n])\p{Cc}/gu;

/**
 * One visible line of at most `maxLength` UTF-16 units: no control characters, no line breaks, no hidden characters,
 * nothing that a mail program would decode.
 */
export function cleanLine(text: string, maxLength: number): string {
  if (text.length <= maxLength && CLEAN_LINE.test(text)) return text;
  const visible = text.toWellFormed().replace(LINE_BREAKS_AND_CONTROLS, " ").replace(DIRECTION_MARKS, "").replace(INVISIBLE, "").replace(STRAY_JOINER, "");
  const line = visible.replace(/\s+/gu, " ").trim().replace(ENCODED_WORD, "= ?");
  return line.length <= maxLength ? line : `${cut(line, maxLength - 1)}…`;
}

/** The text with LF as line break and without control characters. */
export function cleanBody(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replace(BODY_CONTROLS, "");
}

/** The text without whatever may be an address: for errors and logs. */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>"'(]+@[^\s<>"'),;]+/g, "(address)");
}

/** The first `maxLength` UTF-16 units, never half a character. */
export function cut(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "");
}
