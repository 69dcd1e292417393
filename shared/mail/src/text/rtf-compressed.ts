/** What every dictionary begins with ([MS-OXRTFCP] 2.1.2.1). */
const START =
  "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const DICTIONARY_BYTES = 4_096;
const HEADER_BYTES = 16;
const COMPRESSED = 0x75465a4c;
const UNCOMPRESSED = 0x414c454d;
/** A few bytes may stand for 17 each: what is longer is no text that anybody reads. */
const MAX_RTF_BYTES = 4_000_000;

/** RTF of a PR_RTF_COMPRESSED value ([MS-OXRTFCP]), one character a byte, as far as it can be read; undefined when it is none. */
export function decompressRtf(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const kind = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  if (kind === UNCOMPRESSED) return Buffer.from(bytes.subarray(HEADER_BYTES, HEADER_BYTES + MAX_RTF_BYTES)).toString("latin1");
  return kind === COMPRESSED ? Buffer.from(expand(bytes)).toString("latin1") : undefined;
}

/** Eight tokens to each control byte: a byte that stands for itself, or a place in the dictionary and a length. */
function expand(bytes: Uint8Array): Uint8Array {
  const dictionary = new Uint8Array(DICTIONARY_BYTES);
  dictionary.set(Buffer.from(START, "latin1"));
  let write = START.length;
  const out: number[] = [];
  const emit = (byte: number) => {
    out.push(byte);
    dictionary[write] = byte;
    write = (write + 1) % DICTIONARY_BYTES;
  };
  let at = HEADER_BYTES;
  while (at < bytes.length && out.length < MAX_RTF_BYTES) {
    const control = bytes[at] ?? 0;
    at += 1;
    for (let bit = 0; bit < 8 && at < bytes.length; bit += 1) {
      if ((control >> bit) % 2 === 0) {
        emit(bytes[at] ?? 0);
        at += 1;
        continue;
      }
      const token = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      at += 2;
      const offset = token >> 4;
      if (offset === write) return Uint8Array.from(out);
      for (let count = (token & 15) + 2, from = offset; count > 0; count -= 1, from += 1) emit(dictionary[from % DICTIONARY_BYTES] ?? 0);
    }
  }
  return Uint8Array.from(out);
}
