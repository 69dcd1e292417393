import { decodeBase64 } from "@openticket/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Base64Sink } from "../../../../src/adapters/http/body/base64-sink.ts";
import { cut } from "./support.ts";

/** What the sink makes of pieces of text: its content, or undefined when it is no base64. */
function decode(pieces: readonly Buffer[]): Buffer | undefined {
  const parts: Buffer[] = [];
  let findings = 0;
  let ends = 0;
  const sink = new Base64Sink({ write: (bytes) => parts.push(Buffer.from(bytes)), end: () => ends++ }, () => findings++);
  for (const piece of pieces) sink.write(piece);
  sink.end();
  expect(findings + ends).toBe(1);
  return ends === 1 ? Buffer.concat(parts) : undefined;
}

const places = fc.array(fc.nat(), { maxLength: 8 });

describe("base64 in pieces", () => {
  it("is what it was before it was encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom<BufferEncoding>("base64", "base64url"), places, (bytes, encoding, at) => {
        const text = Buffer.from(Buffer.from(bytes).toString(encoding).replace(/.{76}/g, "$&\r\n"));
        expect(decode(cut(text, at))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("is read and refused exactly as the contract reads whole values", () => {
    const text = fc.string({ unit: fc.constantFrom(..."AQgz/+-_==\r\n\t!é"), maxLength: 14 });
    fc.assert(
      fc.property(text, places, (value, at) => {
        expect(decode(cut(Buffer.from(value), at))).toEqual(decodeBase64(value));
      }),
      { numRuns: 2_000 },
    );
  });
});
