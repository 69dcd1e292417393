import { MAX_ADDRESSES } from "../limits.ts";
import type { MailAddress } from "../understood-mail.ts";
import { headerText, oneLine, utf8Header } from "./header-text.ts";

/**
 * Addresses of a header: groups, comments, quoted names and local parts, routes of old mail, and what is broken: missing
 * or doubled brackets, quotes without an end, commas in names, semicolons for commas, a whole address inside an encoded
 * word. Linear; entries without any address are left out unless there is nothing else.
 */
export function parseAddresses(raw: string, hint?: string | undefined): MailAddress[] {
  const found = readList(utf8Header(raw, hint));
  const reread = found.flatMap((entry) =>
    entry.address === "" && entry.name.includes("@") ? readList(Buffer.from(entry.name, "utf8").toString("latin1")) : [entry],
  );
  const withAddress = reread.filter(({ address }) => address !== "");
  return withAddress.length > 0 ? withAddress : reread.filter(({ name }) => name !== "").slice(0, 1);
}

/** What is read of one entry so far; everything one character per byte. */
interface Entry {
  phrase: string;
  comments: string[];
  angle: string | undefined;
}

interface Reader {
  raw: string;
  at: number;
  entry: Entry;
  found: MailAddress[];
  /** Words of an entry without an address: the first half of an unquoted "Doe, John". */
  pending: string;
  /** No closing one comes any more. */
  quotesAreBroken: boolean;
  commentsAreBroken: boolean;
  /** Where the last group can end. */
  lastSemicolon: number;
}

const emptyEntry = (): Entry => ({ phrase: "", comments: [], angle: undefined });

function readList(untrimmed: string): MailAddress[] {
  const raw = untrimmed.trim();
  const state = { at: 0, pending: "", quotesAreBroken: false, commentsAreBroken: false, lastSemicolon: raw.lastIndexOf(";") };
  const reader: Reader = { ...state, raw, entry: emptyEntry(), found: [] };
  while (reader.at < raw.length && reader.found.length < MAX_ADDRESSES) readNext(reader);
  endEntry(reader, true);
  return reader.found;
}

function readNext(reader: Reader): void {
  const character = reader.raw[reader.at] ?? "";
  if (character === '"' && !reader.quotesAreBroken) return readQuoted(reader);
  if (character === "(" && !reader.commentsAreBroken) return readComment(reader);
  if (character === "<") return readAngle(reader);
  reader.at += 1;
  if (character === "," || character === ";") return endEntry(reader, character === ";");
  if (character === ":" && isGroupName(reader)) {
    reader.entry = emptyEntry();
    reader.pending = "";
    return;
  }
  if (character !== ">") reader.entry.phrase += character;
}

/** A word before a colon names a group when the group ends, or is empty; else the colon belongs to a name. */
function isGroupName({ raw, at, entry, lastSemicolon }: Reader): boolean {
  const ends = lastSemicolon >= at || at >= raw.length;
  return entry.phrase.length < 1000 && (entry.phrase.trim().toLowerCase() === "mailto" || (ends && !entry.phrase.includes("@")));
}

function readQuoted(reader: Reader): void {
  const { raw, at, entry } = reader;
  let end = at + 1;
  while (end < raw.length && raw[end] !== '"') end += raw[end] === "\\" ? 2 : 1;
  if (end >= raw.length) {
    reader.quotesAreBroken = true;
    reader.at += 1;
    return;
  }
  const isLocalPart = raw[end + 1] === "@";
  entry.phrase += isLocalPart ? raw.slice(at, end + 1) : raw.slice(at + 1, end).replace(/\\(.)/g, "$1");
  reader.at = end + 1;
}

function readComment(reader: Reader): void {
  const { raw, at, entry } = reader;
  let depth = 0;
  let end = at;
  for (; end < raw.length; end += 1) {
    const character = raw[end];
    if (character === "\\") end += 1;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    if (depth === 0) break;
  }
  if (depth > 0) {
    reader.commentsAreBroken = true;
    return;
  }
  entry.comments.push(raw.slice(at + 1, end).replace(/\\(.)/g, "$1"));
  entry.phrase += " ";
  reader.at = end + 1;
}

function readAngle(reader: Reader): void {
  const { raw, at, entry } = reader;
  let end = at + 1;
  while (end < raw.length && raw[end] !== ">" && raw[end] !== "<") {
    const closing = raw[end] === '"' ? raw.indexOf('"', end + 1) : -1;
    end = closing === -1 ? end + 1 : closing + 1;
  }
  const isOpenEnded = raw[end] !== ">";
  const inside = raw.slice(at + 1, end);
  // Without its closing bracket it ends where the next entry begins; "<a <b@c>" is judged by its last bracket.
  const comma = isOpenEnded ? inside.search(/[,;]/) : -1;
  const own = comma === -1 ? inside : inside.slice(0, comma);
  if (entry.angle === undefined || entry.angle.trim() === "" || !entry.angle.includes("@")) entry.angle = own;
  reader.at = comma !== -1 ? at + 1 + comma : isOpenEnded ? end : end + 1;
}

function endEntry(reader: Reader, isEnd: boolean): void {
  const { entry } = reader;
  reader.entry = emptyEntry();
  const one = toAddress(entry);
  const phrase = [reader.pending, entry.phrase.trim()].filter(Boolean).join(", ");
  if (one.address === "" && entry.angle === undefined && !isEnd && phrase !== "" && phrase.length < 1000) {
    reader.pending = phrase;
    return;
  }
  const withPending = reader.pending !== "" && entry.angle !== undefined && one.address !== "" ? toAddress({ ...entry, phrase }) : one;
  reader.pending = "";
  if (withPending.address !== "" || withPending.name !== "") reader.found.push(withPending);
}

function toAddress({ phrase, comments, angle }: Entry): MailAddress {
  const comment = comments.map((text) => text.trim()).find(Boolean) ?? "";
  if (angle !== undefined) {
    const address = cleanAddress(angle);
    if (address.includes("@") || !phrase.includes("@")) return named(displayName(phrase) || displayName(comment), address);
  }
  const { address, rest } = takeAddress(phrase);
  return named(displayName(rest) || displayName(comment), address);
}

/** An address as its own name says nothing. */
function named(name: string, address: string): MailAddress {
  return { name: name.toLowerCase() === address.toLowerCase() ? "" : name, address };
}

/** The word with an "@" in it, white space around the sign forgiven; the rest is the name. */
function takeAddress(phrase: string): { address: string; rest: string } {
  if (!phrase.includes("@")) return { address: "", rest: phrase };
  const words = wordsOf(phrase);
  const chosen = words.findIndex((word) => word.includes("@"));
  return { address: cleanAddress(words[chosen] ?? ""), rest: words.filter((_word, index) => index !== chosen).join(" ") };
}

/** Split at white space, but not inside quotes nor beside an "@". */
function wordsOf(phrase: string): string[] {
  const words: string[] = [];
  let isQuoted = false;
  for (const piece of phrase.split(/(\s+|["@])/)) {
    if (piece === '"') isQuoted = !isQuoted;
    if (piece === "") continue;
    if (piece.trim() === "" && !isQuoted) {
      if (!words.at(-1)?.endsWith("@")) words.push("");
      continue;
    }
    if (piece === "@" && words.at(-1) === "") words.pop();
    words.push((words.pop() ?? "") + piece);
  }
  return words.filter(Boolean);
}

/** As written, without a route, "mailto:", comments and what has no place in an address. */
function cleanAddress(raw: string): string {
  const bare = oneLine(headerText(raw))
    .replace(/^mailto:/i, "")
    .replace(/^@[^:]*:/, "");
  if (/^"[^"]*"@/.test(bare)) return bare;
  const unwrapped = /^["'].*["']$/.test(bare) ? bare.slice(1, -1) : bare;
  return withoutEnd(unwrapped.replace(/\([^()]*\)/g, "").replace(/[\s<>]/g, ""), ",;");
}

function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? "")) end -= 1;
  return text.slice(0, end);
}

function displayName(raw: string): string {
  return headerText(raw).replace(/\s+/g, " ").trim();
}
