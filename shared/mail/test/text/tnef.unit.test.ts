import { describe, expect, it } from "vitest";
import { decompressRtf } from "../../src/text/rtf-compressed.ts";
import { readRtf } from "../../src/text/rtf-text.ts";
import { unpackTnef } from "../../src/text/tnef.ts";
import { attribute, newAttachment, packedRtf, properties, tnef } from "./tnef-builder.ts";

const [STRING, WIDE, BINARY, OBJECT, LONG] = [0x1e, 0x1f, 0x102, 0x0d, 0x03];
const message = (...list: Parameters<typeof properties>) => attribute(1, 0x00069003, properties(...list));
const ofAttachment = (...list: Parameters<typeof properties>) => attribute(2, 0x00069005, properties(...list));
const data = (text: string) => attribute(2, 0x0006800f, Buffer.from(text));
const title = (text: string) => attribute(2, 0x00018010, Buffer.from(`${text}\0`, "latin1"));
const unpack = (...attributes: Buffer[]) => {
  const content = unpackTnef(tnef(...attributes));
  return content && { ...content, files: content.files.map((file) => ({ ...file, bytes: Buffer.from(file.bytes).toString() })) };
};

describe("winmail.dat", () => {
  it("holds a text and files with long names", () => {
    const long = ofAttachment([WIDE, 0x3707, "Größe und Übersicht.docx"], [STRING, 0x370e, "application/msword"], [STRING, 0x3712, "<img1@x>"]);
    expect(
      unpack(message([WIDE, 0x1000, "Hallo\r\nWelt"]), newAttachment(), title("GRE~1.DOC"), data("one"), long, newAttachment(), title("b.txt"), data("two")),
    ).toEqual({
      text: "Hallo\nWelt",
      html: undefined,
      files: [
        { name: "Größe und Übersicht.docx", contentType: "application/msword", contentId: "img1@x", bytes: "one" },
        { name: "b.txt", contentType: undefined, contentId: undefined, bytes: "two" },
      ],
    });
  });

  it("holds HTML in a code page", () => {
    const html = Buffer.from("<p>Привет</p>");
    expect(unpack(message([LONG, 0x3fde, 65_001], [BINARY, 0x1013, html]))?.html).toBe("<p>Привет</p>");
    expect(unpack(attribute(1, 0x00069007, Buffer.of(0xe3, 4, 0, 0)), message([BINARY, 0x1013, Buffer.of(0xcf, 0xf0)]))?.html).toBe("Пр");
  });

  it("holds text in RTF alone", () => {
    expect(unpack(message([BINARY, 0x1009, packedRtf("{\\rtf1\\ansi Hello\\par World}")]))?.text).toBe("Hello\nWorld");
  });

  it("holds HTML in RTF", () => {
    const rtf =
      "{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf {\\f0\\htmlrtf0 a{\\*\\htmltag84 &nbsp;}\\htmlrtf \\'a0\\htmlrtf0 b{\\*\\htmltag72 </p>}}}";
    expect(unpack(message([BINARY, 0x1009, packedRtf(rtf)]))?.html).toBe("<p>a&nbsp;b</p>");
  });

  it("holds a message with files of its own", () => {
    const inner = tnef(message([STRING, 0x1000, "inner text"]), newAttachment(), title("c.txt"), data("three"));
    const object = Buffer.concat([Buffer.alloc(16), inner]);
    expect(unpack(newAttachment(), ofAttachment([STRING, 0x3001, "Fwd"], [OBJECT, 0x3701, object]))?.files).toMatchObject([
      { name: "Fwd.txt", bytes: "inner text" },
      { name: "c.txt", bytes: "three" },
    ]);
  });

  it("has properties with names, of every size", () => {
    const list: Parameters<typeof properties> = [
      [WIDE, 0x8005, "named"],
      [LONG, 0x0e08, 7],
      [STRING, 0x1000, "text"],
    ];
    expect(unpack(message(...list))?.text).toBe("text");
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["another file", Buffer.from("%PDF-1.4")],
  ])("is not %s", (_what, bytes) => {
    expect(unpackTnef(bytes)).toBeUndefined();
  });

  it.each([10, 40, 60, 90, 130])("is read as far as it goes when cut off at %i", (size) => {
    const whole = tnef(message([STRING, 0x1000, "text"]), newAttachment(), title("a.txt"), data("one"));
    expect(unpackTnef(whole.subarray(0, size))?.files.length ?? 0).toBeLessThanOrEqual(1);
  });

  it("may claim any length or number", () => {
    const huge = Buffer.from(tnef(message([STRING, 0x1000, "text"])));
    for (let at = 6; at < huge.length - 4; at += 1) {
      const claimed = Buffer.from(huge);
      claimed.writeUInt32LE(0xffffffff, at);
      expect(unpackTnef(claimed)).toBeDefined();
    }
  });

  it("holds at most 500 files, messages in messages included", () => {
    const files = Array.from({ length: 600 }, () => [newAttachment(), title("a"), data("1")]).flat();
    expect(unpack(...files)?.files).toHaveLength(500);
  });

  it("is entered three messages deep", () => {
    const nest = (depth: number): Buffer => {
      const text = message([STRING, 0x1000, `level ${depth}`]);
      const inner =
        depth === 0 ? [] : [newAttachment(), ofAttachment([STRING, 0x3001, "m"], [OBJECT, 0x3701, Buffer.concat([Buffer.alloc(16), nest(depth - 1)])])];
      return tnef(text, ...inner);
    };
    expect(unpackTnef(nest(8))?.files).toHaveLength(4);
  });
});

describe("RTF", () => {
  it.each([
    ["escapes", "{\\rtf1 \\{a\\} \\\\ b\\~c\\_d}", "{a} \\ b\u00a0c-d"],
    ["tables of fonts and colours", "{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red1;}{\\*\\generator x}{\\info{\\title t}}a}", "a"],
    ["Unicode and what stands for it elsewhere", "{\\rtf1\\uc1 \\u1055?\\u1088?{\\uc2 \\u-10179??\\u-8704??}b}", "Пр😀b"],
    ["a code page", "{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0}", "Пр"],
    ["a code page of two bytes", "{\\rtf1\\ansi\\ansicpg932 \\'93\\'fa\\'96\\'7b}", "日本"],
    ["words for characters", "{\\rtf1 a\\emdash b\\tab c\\line d\\bullet}", "a—b\tc\nd•"],
    ["line ends in the source", "{\\rtf1 a\r\nb\\par\r\nc}", "ab\nc"],
    ["words that are none", "{\\rtf1 a\\constructor \\toString b\\u x\\'zz}", "abx'zz"],
    ["braces that do not match", "}}{\\rtf1 a}}}{b", "ab"],
    ["nothing", "", ""],
  ])("%s", (_what, rtf, text) => {
    expect(readRtf(rtf)).toEqual({ text });
  });

  it("is bounded in depth", () => {
    expect(readRtf(`${"{".repeat(1_000_000)}a${"}".repeat(1_000_000)}b`)).toEqual({ text: "ab" });
  });

  it("is expanded by its dictionary, as far as is bounded", () => {
    // Of the specification: "{\rtf1\ansi\ansicpg1252\pard hello world}\r\n".
    const sample = Buffer.from("2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c090020627705b06c647d0a800fa0".replace(/\s/g, ""), "hex");
    expect(decompressRtf(sample)).toBe("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    const repeats = Buffer.concat([sample.subarray(0, 16), Buffer.alloc(2_000_000, Buffer.of(0xff, ...Array.from({ length: 8 }, () => [0, 0x0f]).flat()))]);
    expect(decompressRtf(repeats)?.length).toBeLessThan(4_000_200);
  });

  it.each([Buffer.alloc(0), Buffer.alloc(16), Buffer.from("not compressed RTF at all")])("is not anything: %#", (bytes) => {
    expect(decompressRtf(bytes)).toBeUndefined();
  });
});
