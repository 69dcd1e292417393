/** Chunk of decoded bytes that is handed on, bytes: a multiple of three. */
const CHUNK = 48 * 1024;
/** Characters after padding that tell whether base64 goes on. */
const LOOK_AHEAD = 76;
const PADDING = 65;
const JUNK = 64;
const VALUES = valueTable();

/**
 * Decodes base64 in chunks. Characters that are none are passed over; after padding a further piece may begin (parts
 * encoded one by one and joined), while text, such as the footer of a mailing list, ends it. `reuses`: each chunk is overwritten
 * by the next.
 */
export function* decodeBase64(bytes: Uint8Array, start: number, end: number, reuses = false): Generator<Uint8Array> {
  let out = new Uint8Array(chunkSize(start, end));
  let used = 0;
  let held = 0;
  let bits = 0;
  let at = start;
  while (at < end) {
    if (used + 3 > out.length) {
      yield out.subarray(0, used);
      if (!reuses) out = new Uint8Array(chunkSize(at, end));
      used = 0;
    }
    if (bits === 0 && at + 4 <= end) {
      const a = value(bytes, at);
      const b = value(bytes, at + 1);
      const c = value(bytes, at + 2);
      const d = value(bytes, at + 3);
      if ((a | b | c | d) < JUNK) {
        out[used] = (a << 2) | (b >> 4);
        out[used + 1] = (b << 4) | (c >> 2);
        out[used + 2] = (c << 6) | d;
        used += 3;
        at += 4;
        continue;
      }
    }
    const one = value(bytes, at);
    at += 1;
    if (one < JUNK) {
      held = (held << 6) | one;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        out[used] = held >> bits;
        used += 1;
        held &= (1 << bits) - 1;
      }
    } else if (one === PADDING) {
      held = 0;
      bits = 0;
      if (!goesOn(bytes, at, end)) break;
    }
  }
  if (used > 0) yield out.subarray(0, used);
}

/** Whether text that is said to be base64 can be: its first line is nothing else, or junk in it is rare. Prose has spaces between its words; one word alone rarely has the right length. */
export function looksLikeBase64(bytes: Uint8Array, start: number, end: number): boolean {
  let inside = 0;
  let good = 0;
  for (let at = start; at < Math.min(end, start + 1024); at += 1) {
    const byte = bytes[at];
    if (byte === 10 || byte === 13) {
      if (inside > 1 && good === inside && inside % 4 !== 1) return true;
      continue;
    }
    inside += 1;
    if (value(bytes, at) !== JUNK) good += 1;
  }
  return good >= inside * 0.9 && inside !== 1 && (good < inside || inside % 4 !== 1);
}

function chunkSize(at: number, end: number): number {
  return Math.min(CHUNK, Math.ceil((end - at) / 4) * 3 + 3);
}

function value(bytes: Uint8Array, at: number): number {
  return VALUES[bytes[at] ?? 0] ?? JUNK;
}

/** More base64 follows the padding: nothing but its characters, padding and line ends in the next line's length. */
function goesOn(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < Math.min(end, from + LOOK_AHEAD); at += 1) {
    const byte = bytes[at];
    if (byte !== 10 && byte !== 13 && value(bytes, at) === JUNK) return false;
  }
  return true;
}

function valueTable(): Uint8Array {
  const table = new Uint8Array(256).fill(JUNK);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let index = 0; index < 64; index += 1) table[alphabet.charCodeAt(index)] = index;
  table["=".charCodeAt(0)] = PADDING;
  return table;
}
