import { CR, LF, SPACE, TAB } from "../bytes.ts";

const EQUALS = 61;
/** Chunk of decoded bytes that is handed on. */
const CHUNK = 64 * 1024;

/**
 * Decodes quoted-printable in chunks. White space before a line's end is dropped, as the standard says; an equals sign
 * that begins no escape stays as it is.
 */
export function* decodeQuotedPrintable(bytes: Uint8Array, start: number, end: number): Generator<Uint8Array> {
  const state: State = { bytes, end, at: start, out: new Uint8Array(0), used: 0, runEnd: start };
  while (state.at < end) {
    // Decoded is never longer than encoded.
    state.out = new Uint8Array(Math.min(CHUNK, end - state.at));
    state.used = 0;
    while (state.at < end && state.used < state.out.length) step(state);
    if (state.used > 0) yield state.out.subarray(0, state.used);
  }
}

interface State {
  bytes: Uint8Array;
  end: number;
  at: number;
  out: Uint8Array;
  used: number;
  /** Where the white space ends that was looked through last: a long run is looked through once. */
  runEnd: number;
}

function step(state: State): void {
  const { bytes, at } = state;
  const byte = bytes[at] ?? 0;
  if (byte === SPACE || byte === TAB) return takeWhiteSpace(state);
  if (byte === EQUALS) return takeEscape(state);
  state.out[state.used++] = byte;
  state.at = at + 1;
}

function takeWhiteSpace(state: State): void {
  const { bytes, at, end, out, used } = state;
  const stop = whiteSpaceEnd(state, at);
  if (isLineEnd(bytes, stop, end)) {
    state.at = stop;
    return;
  }
  const count = Math.min(stop - at, out.length - used);
  out.set(bytes.subarray(at, at + count), used);
  state.used += count;
  state.at += count;
}

function takeEscape(state: State): void {
  const { bytes, at, end } = state;
  const high = at + 2 < end ? hexValue(bytes[at + 1]) : -1;
  const low = at + 2 < end ? hexValue(bytes[at + 2]) : -1;
  if (high >= 0 && low >= 0) {
    state.out[state.used++] = high * 16 + low;
    state.at = at + 3;
    return;
  }
  const stop = whiteSpaceEnd(state, at + 1);
  if (isLineEnd(bytes, stop, end)) {
    state.at = afterLineEnd(bytes, stop, end);
    return;
  }
  state.out[state.used++] = EQUALS;
  state.at = at + 1;
}

function whiteSpaceEnd(state: State, from: number): number {
  const { bytes, end } = state;
  if (from < state.runEnd) return state.runEnd;
  let at = from;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
  state.runEnd = at;
  return at;
}

function isLineEnd(bytes: Uint8Array, at: number, end: number): boolean {
  return at >= end || bytes[at] === LF || bytes[at] === CR;
}

function afterLineEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] === CR) at += 1;
  return at < end && bytes[at] === LF ? at + 1 : at;
}

/** -1 when it is no hexadecimal digit. */
export function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
