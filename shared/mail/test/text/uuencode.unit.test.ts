import { describe, expect, it } from "vitest";
import { takeUuencoded } from "../../src/text/uuencode.ts";

const CAT = "begin 644 cat.txt\n#0V%T\n`\nend";

/** As uuencode writes a file; `blank`: its character for zero. */
function uuencode(name: string, bytes: Uint8Array, blank = "`"): string {
  const char = (bits: number) => (bits === 0 ? blank : String.fromCharCode(32 + bits));
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 45) {
    const piece = bytes.subarray(at, at + 45);
    let line = char(piece.length);
    for (let index = 0; index < piece.length; index += 3) {
      const bits = ((piece[index] ?? 0) << 16) | ((piece[index + 1] ?? 0) << 8) | (piece[index + 2] ?? 0);
      line += [18, 12, 6, 0].map((shift) => char((bits >> shift) & 63)).join("");
    }
    lines.push(line);
  }
  return [`begin 644 ${name}`, ...lines, blank, "end"].join("\n");
}

const namesAndTexts = (text: string) => {
  const { files, text: rest } = takeUuencoded(text);
  return { rest, files: files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]) };
};

describe("uuencoded files in a text", () => {
  it("are taken out", () => {
    expect(namesAndTexts(`Hello\n${CAT}\nBye\n${CAT.replace("cat", "my dog")}\n`)).toEqual({
      rest: "Hello\nBye",
      files: [
        ["cat.txt", "Cat"],
        ["my dog.txt", "Cat"],
      ],
    });
  });

  it.each(["`", " "])("with %j for zero, and lines that lost their spaces", (blank) => {
    const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => (index * index) % 7);
    const text = uuencode("a.bin", bytes, blank).replace(/ +$/gm, "");
    expect(takeUuencoded(text)).toEqual({ text: "", files: [{ name: "a.bin", bytes: Buffer.from(bytes) }] });
  });

  it("in base64 too", () => {
    expect(namesAndTexts("begin-base64 644 a.txt\nQ2F0\n====\nBye")).toEqual({ rest: "Bye", files: [["a.txt", "Cat"]] });
  });

  it.each([
    ["a sentence", "begin 644 times and you will\nsee"],
    ["a file without its end", "begin 644 cat.txt\n#0V%T\n`\n"],
    ["a line that is none", "begin 644 cat.txt\n#0V%T\nHello there, this is text.\nend"],
    ["a line that is too long", "begin 644 cat.txt\n#0V%T0V%T\n`\nend"],
    ["no name", "begin 644\n#0V%T\n`\nend"],
    ["no mode", "begin now\nend"],
    ["nothing", ""],
  ])("%s stays text", (_what, text) => {
    expect(takeUuencoded(text)).toEqual({ text, files: [] });
  });
});
