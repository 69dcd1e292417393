/** How much of some bytes is UTF-8. */
export interface Utf8Count {
  /** Sequences of several bytes that are right; those of three or more among them. */
  sequences: number;
  long: number;
  /** Bytes beyond ASCII that belong to none. */
  stray: number;
}

/** Counts what is UTF-8 and what is not; a sequence cut off at the end counts as nothing. */
export function countUtf8(bytes: Uint8Array): Utf8Count {
  const count = { sequences: 0, long: 0, stray: 0 };
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      at += 1;
      continue;
    }
    const size = sequenceLength(lead);
    const good = continuations(bytes, at + 1, size - 1);
    if (size > 0 && good === size - 1) {
      count.sequences += 1;
      if (size > 2) count.long += 1;
      at += size;
      continue;
    }
    if (size === 0 || at + 1 + good < bytes.length) count.stray += 1;
    at += 1 + good;
  }
  return count;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

function continuations(bytes: Uint8Array, from: number, most: number): number {
  let found = 0;
  while (found < most && from + found < bytes.length && ((bytes[from + found] ?? 0) & 0xc0) === 0x80) found += 1;
  return found;
}
