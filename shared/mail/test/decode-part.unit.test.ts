import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePart, type PartContent } from "../src/index.ts";

type Encoding = Extract<PartContent, { kind: "raw" }>["encoding"];
const LARGEST_CHUNK = 64 * 1024;

function decoded(raw: Buffer, encoding: Encoding): Buffer {
  const chunks = [...decodePart(raw, { kind: "raw", start: 0, end: raw.length, encoding })];
  expect(chunks.every(({ length }) => length <= LARGEST_CHUNK)).toBe(true);
  return Buffer.concat(chunks);
}

const lines = (text: string, width: number, end: string) => text.replace(new RegExp(`.{${width}}`, "g"), `$&${end}`);
const anyBytes = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));

describe("content of a part", () => {
  it("is what was encoded in base64, however its lines end", () => {
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 90 }), fc.constantFrom("\r\n", "\n", "\r", " "), (bytes, width, end) =>
        decoded(Buffer.from(lines(bytes.toString("base64"), width, end)), "base64").equals(bytes),
      ),
    );
  });

  it("is what was encoded in quoted-printable", () => {
    const quoted = (bytes: Buffer) => lines(bytes.toString("hex").replace(/../g, "=$&"), 75, "=\r\n");
    fc.assert(fc.property(anyBytes, (bytes) => decoded(Buffer.from(quoted(bytes)), "quoted-printable").equals(bytes)));
  });

  it("is what was uuencoded", () => {
    fc.assert(fc.property(anyBytes, (bytes) => decoded(Buffer.from(uuencode(bytes)), "uuencode").equals(bytes)));
  });

  it("comes in chunks when it is large", () => {
    const large = Buffer.alloc(5_000_000, "0123456789");
    expect(decoded(Buffer.from(lines(large.toString("base64"), 76, "\r\n")), "base64").equals(large)).toBe(true);
    expect(decoded(large, "quoted-printable").equals(large)).toBe(true);
    expect(decoded(large, "identity").equals(large)).toBe(true);
  });

  it("needs one chunk of memory for all that is looked at and left", () => {
    const large = Buffer.alloc(1_000_000, "0123456789");
    const raw = Buffer.from(lines(large.toString("base64"), 76, "\r\n"));
    const buffers = new Set<ArrayBufferLike>();
    const copies: Buffer[] = [];
    for (const chunk of decodePart(raw, { kind: "raw", start: 0, end: raw.length, encoding: "base64" }, true)) {
      buffers.add(chunk.buffer);
      copies.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(copies).equals(large)).toBe(true);
    expect(buffers.size).toBe(1);
  });

  it("is never more than its bytes allow, whatever they are", () => {
    const encodings = fc.constantFrom<Encoding>("identity", "base64", "quoted-printable", "uuencode");
    fc.assert(fc.property(anyBytes, encodings, (bytes, encoding) => decoded(bytes, encoding).length <= bytes.length));
  });
});

function uuencode(bytes: Buffer): string {
  const character = (six: number) => String.fromCharCode(six === 0 ? 96 : six + 32);
  let text = "begin 644 file\n";
  for (let at = 0; at < bytes.length; at += 45) {
    const line = bytes.subarray(at, at + 45);
    text += character(line.length);
    for (let index = 0; index < line.length; index += 3) {
      const group = ((line[index] ?? 0) << 16) | ((line[index + 1] ?? 0) << 8) | (line[index + 2] ?? 0);
      text += [18, 12, 6, 0].map((shift) => character((group >> shift) & 63)).join("");
    }
    text += "\n";
  }
  return `${text}\`\nend\n`;
}
