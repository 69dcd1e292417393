import { bufferOver } from "../bytes.ts";
import type { Defects } from "../defects.ts";
import { MAX_BOUNDARY_BYTES, MAX_DEPTH, MAX_HEADERS_BYTES, MAX_INSPECTED_BYTES, MAX_PARTS } from "../limits.ts";
import { decodeWhole } from "../transfer/decode-part.ts";
import { transferEncoding } from "../transfer/encoding-name.ts";
import { guessBoundary, type Range, type Split, splitAtBoundary } from "./boundary.ts";
import { type HeaderBudget, type RawHeader, readHeaderBlock } from "./header-block.ts";
import { type Parameterised, parameter, parseParameterised } from "./parameters.ts";
import { type Part, rawHeader } from "./part.ts";

/**
 * The tree of parts of a message: where each stands in the raw bytes, nothing decoded and nothing copied.
 *
 * Parts are opened from a list of work, outer ones first, so that nesting costs no stack and the limit on parts leaves
 * out inner ones. Each level of nesting looks through its bytes once, and levels are limited, so the whole is linear.
 * Messages within messages are not looked into: they are files.
 */
export function parseMessage(raw: Uint8Array, defects: Defects): Part {
  const work: Work = { budget: { bytes: MAX_HEADERS_BYTES }, decodable: MAX_INSPECTED_BYTES, defects, count: 0, queue: [] };
  const source = unixLines(bufferOver(raw), defects);
  const root = openPart(work, { source, isInRaw: true, start: 0, end: source.length, depth: 0, defaultType: "text/plain", isMessage: true });
  for (let at = 0; at < work.queue.length; at += 1) work.queue[at]?.();
  return root;
}

interface Work {
  budget: HeaderBudget;
  defects: Defects;
  /** Bytes of encoded multiparts that may still be decoded. */
  decodable: number;
  /** Parts so far. */
  count: number;
  queue: (() => void)[];
}

interface Opening extends Range {
  source: Buffer;
  isInRaw: boolean;
  depth: number;
  defaultType: string;
  isMessage: boolean;
}

/** A message whose lines end in carriage returns alone, as on old Macs: the same bytes with line feeds, at the same places. */
function unixLines(bytes: Buffer, defects: Defects): Buffer {
  if (bytes.includes(10) || !bytes.includes(13)) return bytes;
  defects.note("its lines end in carriage returns alone");
  return Buffer.from(bytes.map((byte) => (byte === 13 ? 10 : byte)));
}

function openPart(work: Work, opening: Opening): Part {
  work.count += 1;
  const { source, start, end, depth } = opening;
  const block = readHeaderBlock(source, start, end, { isMessage: opening.isMessage, budget: work.budget, defects: work.defects });
  // A part that lacks the blank line before its text: there are no headers to be seen in it, so it is all text.
  const isAllBody = !opening.isMessage && block.ending !== "blank" && !block.headers.some(({ name }) => name.startsWith("content-"));
  const headers = isAllBody ? [] : block.headers;
  const contentType = chooseContentType(headers, work.defects) ?? { value: opening.defaultType, parameters: [] };
  const part: Part = {
    headers,
    type: mediaType(contentType.value, opening.defaultType),
    contentType,
    disposition: dispositionOf(headers),
    encoding: encodingOf(headers, work.defects),
    source,
    start: isAllBody ? start : block.bodyStart,
    end,
    isInRaw: opening.isInRaw,
    children: [],
    depth,
  };
  if (opening.isMessage && rawHeader(headers, "content-type") === undefined) adoptBareMultipart(part, work.defects);
  if (!part.type.startsWith("multipart/") && beginsWithBoundary(part)) part.type = "multipart/mixed";
  if (part.type.startsWith("multipart/")) work.queue.push(() => openChildren(work, part));
  return part;
}

/** Of several, a multipart with a boundary, because nothing else would show its parts; else the first that is a type. */
function chooseContentType(headers: readonly RawHeader[], defects: Defects): Parameterised | undefined {
  const all = headers.filter(({ name, value }) => name === "content-type" && value !== "").map(({ value }) => parseParameterised(value));
  if (all.length > 1) defects.note("it has several Content-Type headers");
  return all.find((type) => type.value.startsWith("multipart/") && parameter(type, "boundary")) ?? all.find(({ value }) => TYPE.test(value)) ?? all[0];
}

const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

function mediaType(value: string, defaultType: string): string {
  const tidy = value.replace(/\s+/g, "").replace(/^["']|["',]$/g, "");
  if (TYPE.test(tidy)) return tidy;
  if (tidy === "multipart" || tidy === "multipart/") return "multipart/mixed";
  return /^(?:text\/)?html?$/.test(tidy) ? "text/html" : defaultType;
}

/** The first that says something of those it may have. */
function dispositionOf(headers: readonly RawHeader[]): Parameterised | undefined {
  const all = headers.filter(({ name, value }) => name === "content-disposition" && value !== "").map(({ value }) => parseParameterised(value));
  return all.find(({ value }) => value === "attachment" || value === "inline") ?? all[0];
}

function encodingOf(headers: readonly RawHeader[], defects: Defects): Part["encoding"] {
  const names = headers.filter(({ name, value }) => name === "content-transfer-encoding" && value !== "").map(({ value }) => transferEncoding(value));
  if (names.includes(undefined)) defects.note("a transfer encoding is not known");
  return names.find((name) => name !== undefined) ?? "identity";
}

/** It is called something else, but has a boundary, and begins with it. */
function beginsWithBoundary({ source, start, end, contentType }: Part): boolean {
  const boundary = parameter(contentType, "boundary")?.trimEnd();
  if (!boundary) return false;
  return source
    .toString("latin1", start, Math.min(end, start + boundary.length + 10))
    .trimStart()
    .startsWith(`--${boundary}`);
}

/** The header that tells of the parts was lost, but the body begins with one. */
function adoptBareMultipart(part: Part, defects: Defects): void {
  const beginning = { start: part.start, end: Math.min(part.end, part.start + 2048) };
  if (!guessBoundary(part.source, beginning, { needsContentHeader: true })) return;
  defects.note("it has parts, but no Content-Type header that says so");
  part.type = "multipart/mixed";
}

function openChildren(work: Work, part: Part): void {
  if (part.depth >= MAX_DEPTH) {
    work.defects.note(`parts nest deeper than ${MAX_DEPTH}`);
    return;
  }
  decodeMultipart(work, part);
  const { parts, isClosed } = splitPart(part, MAX_PARTS - work.count, work.defects);
  if (parts.length > 0 && !isClosed) work.defects.note("a multipart is not closed");
  if (parts.length >= MAX_PARTS - work.count) work.defects.note(`it has more than ${MAX_PARTS} parts`);
  const defaultType = part.type === "multipart/digest" ? "message/rfc822" : "text/plain";
  part.children = parts.map((range) =>
    openPart(work, { ...range, source: part.source, isInRaw: part.isInRaw, depth: part.depth + 1, defaultType, isMessage: false }),
  );
  if (parts.length === 0) becomeText(part, work.defects);
}

/** By the boundary that the header tells, else by one that the body shows. */
function splitPart(part: Part, maxParts: number, defects: Defects): Split {
  const none: Split = { parts: [], isClosed: false };
  if (maxParts <= 0) return none;
  const declared = parameter(part.contentType, "boundary")?.trimEnd();
  if (declared) {
    const split = splitAtBoundary(part.source, part, Buffer.from(declared.slice(0, MAX_BOUNDARY_BYTES), "latin1"), maxParts);
    if (split.parts.length > 0) return split;
  }
  const guessed = guessBoundary(part.source, part);
  if (!guessed) return none;
  defects.note("the boundary of a multipart is not the one that its header tells");
  return splitAtBoundary(part.source, part, guessed, maxParts);
}

/** A multipart may not be encoded, and sometimes is. */
function decodeMultipart(work: Work, part: Part): void {
  const { source, start, end, encoding } = part;
  const declared = parameter(part.contentType, "boundary");
  if (encoding === "identity" || end - start > work.decodable || (declared && source.subarray(start, end).includes(`--${declared}`, 0, "latin1"))) return;
  work.defects.note("a multipart is encoded as a whole");
  work.decodable -= end - start;
  const { bytes } = decodeWhole(source, { kind: "raw", start, end, encoding }, end - start);
  part.source = bytes;
  part.start = 0;
  part.end = bytes.length;
  part.isInRaw = false;
  part.encoding = "identity";
}

/** A multipart without parts is what its bytes are. */
function becomeText(part: Part, defects: Defects): void {
  if (part.start >= part.end) return;
  defects.note("a multipart has no parts");
  const beginning = part.source.toString("latin1", part.start, Math.min(part.end, part.start + 200)).trimStart();
  part.type = /^<(?:!doctype|html|head|body)/i.test(beginning) ? "text/html" : "text/plain";
}
