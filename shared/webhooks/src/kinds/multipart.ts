import { setImmediate } from "node:timers/promises";
import { Dicer } from "@fastify/busboy";
import { headerParameters } from "./header-parameters.ts";

/** A part: its bytes as they are, its headers with one character per byte. */
export interface MultipartPart {
  headers: ReadonlyMap<string, string>;
  bytes: Buffer;
}

/** Header lines of one part: real ones have up to four. */
const MAX_HEADER_LINES = 32;
/** RFC 2046 allows 70 characters; the parser takes up to about 250. */
const MAX_BOUNDARY = 200;
/** Bytes given to the parser at once: what a body of nothing but boundaries can make of them before its parts are counted. */
const PIECE_BYTES = 64 * 1024;

/**
 * Parts of a multipart body, at most `maxParts`; or what is wrong with it. Busboy itself decodes texts and skips parts that
 * it does not like in silence; its parser hands out every part with its raw headers.
 */
export async function readMultipart(contentType: string, body: Buffer, maxParts: number): Promise<MultipartPart[] | string> {
  const boundary = headerParameters(contentType).get("boundary") ?? "";
  if (boundary === "" || boundary.length > MAX_BOUNDARY) return "the multipart form comes without a usable boundary in its content type";
  const state: State = { open: [], isDone: false, isBroken: false };
  const { parser, done } = makeParser(boundary, state);
  for (let at = 0; at < body.length && !state.isDone; at += PIECE_BYTES) {
    const piece = body.subarray(at, at + PIECE_BYTES);
    // Of a piece that holds the last boundary the parser may tell its end alone.
    await Promise.race([new Promise<void>((resolve) => parser.write(piece, () => resolve())), done]);
    if (state.open.length > maxParts) return `the form has more than ${maxParts} parts`;
  }
  if (!state.isDone) parser.end();
  await done;
  // Streams report their ends a turn after the parser has finished.
  await setImmediate();
  const isWhole = state.open.length > 0 && !state.isBroken && state.open.every(({ hasEnded }) => hasEnded);
  return isWhole ? state.open.map(({ headers, pieces }) => ({ headers, bytes: Buffer.concat(pieces) })) : "the multipart form is broken or incomplete";
}

interface State {
  open: { headers: Map<string, string>; pieces: Buffer[]; hasEnded: boolean }[];
  /** After its last boundary the parser takes nothing more; nor after a fault. */
  isDone: boolean;
  isBroken: boolean;
}

function makeParser(boundary: string, state: State): { parser: Dicer; done: Promise<void> } {
  const parser = new Dicer({ boundary, maxHeaderPairs: MAX_HEADER_LINES });
  parser.on("part", (stream) => collect(stream, state));
  const done = new Promise<void>((resolve) => {
    const end = (isBroken: boolean) => {
      state.isDone = true;
      state.isBroken ||= isBroken;
      resolve();
    };
    parser.on("finish", () => end(false));
    parser.on("error", () => end(true));
  });
  return { parser, done };
}

function collect(stream: Dicer.PartStream, { open }: State): void {
  const part: State["open"][number] = { headers: new Map(), pieces: [], hasEnded: false };
  open.push(part);
  stream.on("header", (headers) => {
    for (const [name, values] of Object.entries(headers)) part.headers.set(name, firstText(values));
  });
  stream.on("data", (bytes) => part.pieces.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, "latin1")));
  // Told by the parser as well.
  stream.on("error", () => {});
  stream.on("end", () => {
    part.hasEnded = true;
  });
}

function firstText(values: unknown): string {
  const first: unknown = Array.isArray(values) ? values[0] : values;
  return typeof first === "string" ? first : "";
}
