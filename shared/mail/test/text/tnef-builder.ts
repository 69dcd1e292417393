/** Writes winmail.dat files for tests, as [MS-OXTNEF] has them. */

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

/** A stream of these attributes. */
export const tnef = (...attributes: Buffer[]) => Buffer.concat([u32(0x223e9f78), u16(1), ...attributes]);

/** An attribute of the message (1) or of an attachment (2). */
export function attribute(level: 1 | 2, id: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(level), u32(id), u32(data.length), data, u16(0)]);
}

export const newAttachment = () => attribute(2, 0x00069002, Buffer.alloc(14));

/** Properties: type, id and value; strings of type 0x1f become UTF-16. Ids from 0x8000 get a name. */
export function properties(...list: [type: number, id: number, value: Buffer | string | number][]): Buffer {
  return Buffer.concat([u32(list.length), ...list.map(([type, id, value]) => property(type, id, value))]);
}

function property(type: number, id: number, value: Buffer | string | number): Buffer {
  const name = id >= 0x8000 ? Buffer.concat([Buffer.alloc(16), u32(1), u32(6), padded(Buffer.from("abc", "utf16le"))]) : Buffer.alloc(0);
  if (typeof value === "number") return Buffer.concat([u16(type), u16(id), name, u32(value)]);
  const bytes = typeof value === "string" ? Buffer.from(`${value}\0`, type === 0x1f ? "utf16le" : "latin1") : value;
  return Buffer.concat([u16(type), u16(id), name, u32(1), u32(bytes.length), padded(bytes)]);
}

/** RTF as PR_RTF_COMPRESSED holds it, each byte for itself. */
export function packedRtf(rtf: string): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < rtf.length; at += 8) pieces.push(Buffer.of(0), Buffer.from(rtf.slice(at, at + 8), "latin1"));
  const body = Buffer.concat(pieces);
  return Buffer.concat([u32(body.length + 12), u32(rtf.length), Buffer.from("LZFu"), u32(0), body]);
}
