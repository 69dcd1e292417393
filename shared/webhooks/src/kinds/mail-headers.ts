/** A header of a message: the value as bytes, because it may be in any charset, folded or not. */
export interface MailHeader {
  name: string;
  value: Uint8Array;
}

/** RFC 5322, section 2.2: printable ASCII without the colon. Longer names are no headers. */
const NAME = /^[!-9;-~]{1,200}$/;

/** A header whose value is text that the provider has decoded; undefined where it is missing. */
export function textHeader(name: string, text: string | undefined): MailHeader[] {
  return text === undefined || text === "" ? [] : [{ name, value: Buffer.from(encodedText(text)) }];
}

/** A header whose value stands as it was in the message: the header's own syntax, such as addresses with encoded words. */
export function writtenHeader(name: string, value: string | undefined): MailHeader[] {
  return value === undefined || value === "" ? [] : [{ name, value: Buffer.from(value, "utf8") }];
}

/** A header of one text whose charset is named beside it. */
export function labelledHeader(name: string, bytes: Uint8Array, charset: string): MailHeader[] {
  if (bytes.length === 0) return [];
  const isPlain = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return [{ name, value: isPlain ? bytes : Buffer.from(`=?${charset}?B?${Buffer.from(bytes).toString("base64")}?=`) }];
}

/** A header of addresses that the provider has taken apart. */
export function addressHeader(name: string, addresses: readonly { name?: string | undefined; address: string }[]): MailHeader[] {
  const written = addresses.filter(({ address }) => address !== "").map(writtenAddress);
  return written.length === 0 ? [] : [{ name, value: Buffer.from(written.join(", ")) }];
}

function writtenAddress({ name, address }: { name?: string | undefined; address: string }): string {
  const bare = address.replace(/[\s<>\p{Cc}]/gu, "");
  if (name === undefined || name === "") return `<${bare}>`;
  return `${isPlainText(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : encodedText(name)} <${bare}>`;
}

/** Those of `further` whose names `headers` has not. */
export function withMissing(headers: readonly MailHeader[], further: readonly MailHeader[]): MailHeader[] {
  const names = new Set(headers.map(({ name }) => name.toLowerCase()));
  return [...headers, ...further.filter(({ name }) => !names.has(name.toLowerCase()))];
}

/** Value of the first header of this name, unfolded, one character per byte. */
export function headerText(headers: readonly MailHeader[], name: string): string | undefined {
  const found = headers.find((header) => header.name.toLowerCase() === name);
  return found === undefined ? undefined : oneLine(found.value);
}

/** Headers of a block as it stood at the head of a message; lines that are no header are left out. */
export function parseHeaderBlock(block: Buffer): MailHeader[] {
  const unfolded = block.toString("latin1").replace(/\r?\n(?=[ \t])/g, "");
  return unfolded.split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    return NAME.test(name) ? [{ name, value: Buffer.from(line.slice(colon + 1).trimStart(), "latin1") }] : [];
  });
}

/** The lines of a header block, each with its line end: one for each header, whatever its value holds. */
export function writeHeaders(headers: readonly MailHeader[]): Buffer {
  const lines = headers.filter(({ name }) => NAME.test(name)).map(({ name, value }) => `${name}: ${oneLine(value)}\r\n`);
  return Buffer.from(lines.join(""), "latin1");
}

/** No value can begin a line of its own: folds are undone, and what else would end a line becomes a space. */
function oneLine(value: Uint8Array): string {
  return Buffer.from(value)
    .toString("latin1")
    .replace(/\r?\n(?=[ \t])/g, "")
    .replace(/[\r\n\0]+/g, " ");
}

/** ASCII that means the same when a reader looks for encoded words in it. */
const isPlainText = (text: string): boolean => /^[ -~]*$/.test(text) && !text.includes("=?");

/** Bytes of text in one encoded word: with its frame it stays below the 75 characters of RFC 2047. */
const WORD_BYTES = 42;

function encodedText(text: string): string {
  if (isPlainText(text)) return text;
  const words: string[] = [];
  let word = "";
  for (const character of text) {
    if (Buffer.byteLength(word + character) > WORD_BYTES) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  return [...words, word].map((piece) => `=?UTF-8?B?${Buffer.from(piece).toString("base64")}?=`).join(" ");
}
