import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "../src/charset/decode-text.ts";
import { canonicalCharset } from "../src/charset/labels.ts";

const LABELS = [undefined, "", "utf-8", "us-ascii", "iso-8859-1", "utf-7", "utf-16", "utf-32", "iso-2022-jp", "iso-2022-kr", "iso-2022-cn", "hz", "gb2312"];
const MORE = ["big5", "shift_jis", "euc-jp", "euc-kr", "koi8-r", "windows-1258", "tis-620", "x-unknown", "constructor", "base64", "hex", "__proto__", "?"];

describe("text of bytes", () => {
  it("is well-formed whatever the bytes and their label are", () => {
    const label = fc.constantFrom(...LABELS, ...MORE);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), label, label, (bytes, own, hint) => {
        const text = decodeText(Buffer.from(bytes), own, hint);
        return text.isWellFormed() && !text.includes("\0");
      }),
      { numRuns: 2000 },
    );
  });

  it("is Western where accents stand side by side, and Cyrillic where its words are", () => {
    for (const text of ["Drücke äöü", "äöü ÄÖÜ ß"]) expect(decodeText(Buffer.from(text, "latin1"), "iso-8859-1")).toBe(text);
    const cyrillic = Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x20, 0xec, 0xe8, 0xf0]);
    expect(decodeText(cyrillic, "iso-8859-1")).toBe("Привет мир");
  });

  it("is read in the set that a label means, however it is written", () => {
    const meant = {
      "Shift-JIS": "cp932",
      x_sjis: "cp932",
      KSC5601: "cp949",
      "gb_2312-80": "gb18030",
      Latin1: "windows-1252",
      UTF8: "utf-8",
      "_iso-2022-jp$ESC": "iso-2022-jp",
    };
    for (const [label, charset] of Object.entries(meant)) expect([label, canonicalCharset(label)]).toEqual([label, charset]);
    for (const label of ["base64", "hex", "constructor", "unknown-8bit", "default", ""]) expect([label, canonicalCharset(label)]).toEqual([label, undefined]);
  });
});
