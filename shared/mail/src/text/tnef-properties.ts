/** Reads on in bytes; past their end `isEnd` is true and everything is zero or empty. */
export interface ByteReader {
  u16(): number;
  u32(): number;
  bytes(size: number): Uint8Array;
  skip(size: number): void;
  position(): number;
  isEnd(): boolean;
}

/** See {@link ByteReader}. Little-endian; `bytes` are views. */
export function makeByteReader(data: Uint8Array): ByteReader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  let isOver = false;
  const take = (size: number) => {
    const start = at;
    if (size > data.length - at) isOver = true;
    at = Math.min(data.length, at + size);
    return isOver ? -1 : start;
  };
  return {
    u16: () => {
      const start = take(2);
      return start < 0 ? 0 : view.getUint16(start, true);
    },
    u32: () => {
      const start = take(4);
      return start < 0 ? 0 : view.getUint32(start, true);
    },
    bytes: (size) => {
      const start = take(size);
      return start < 0 ? data.subarray(0, 0) : data.subarray(start, at);
    },
    skip: (size) => void take(size),
    position: () => at,
    isEnd: () => isOver || at >= data.length,
  };
}

/** Value of a MAPI property of variable length; `isWide`: UTF-16. */
export interface Property {
  bytes: Uint8Array;
  type: number;
}

const STRING_8 = 0x1e;
export const STRING_16 = 0x1f;
export const OBJECT = 0x0d;
const BINARY = 0x102;
const LONG = 0x03;
const MANY = 0x1000;
const VARIABLE = new Set([STRING_8, STRING_16, OBJECT, BINARY]);
/** Sizes of the others, filled up to four bytes. */
const SIZES: Record<number, number> = { 2: 4, [LONG]: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16 };
/** Real messages have fewer than 300. */
const MAX_PROPERTIES = 5_000;
const FIRST_NAMED = 0x8000;

/** First values of the properties of a message or attachment by their ids ([MS-OXTNEF] 2.1.3.4); as far as they can be read. */
export function readProperties(data: Uint8Array): Map<number, Property> {
  const reader = makeByteReader(data);
  const found = new Map<number, Property>();
  const count = Math.min(MAX_PROPERTIES, reader.u32());
  for (let index = 0; index < count && !reader.isEnd(); index += 1) {
    const [type, id] = [reader.u16(), reader.u16()];
    if (id >= FIRST_NAMED) skipName(reader);
    const bytes = readValue(reader, type);
    if (bytes === undefined) return found;
    if (!found.has(id)) found.set(id, { bytes, type: type & ~MANY });
  }
  return found;
}

function skipName(reader: ByteReader): void {
  reader.skip(16);
  const isNumber = reader.u32() === 0;
  if (isNumber) reader.skip(4);
  else readPadded(reader);
}

/** The first value; the others are passed over. Undefined for a type that is not known: nothing after it can be read. */
function readValue(reader: ByteReader, type: number): Uint8Array | undefined {
  const single = type & ~MANY;
  const isVariable = VARIABLE.has(single);
  const size = SIZES[single];
  if (!isVariable && size === undefined) return undefined;
  const count = isVariable || type & MANY ? reader.u32() : 1;
  let first: Uint8Array | undefined;
  for (let index = 0; index < count && !reader.isEnd(); index += 1) {
    const value = size === undefined ? readPadded(reader) : reader.bytes(size);
    first ??= value;
  }
  return first ?? new Uint8Array();
}

function readPadded(reader: ByteReader): Uint8Array {
  const size = reader.u32();
  const bytes = reader.bytes(size);
  reader.skip((4 - (size % 4)) % 4);
  return bytes;
}
