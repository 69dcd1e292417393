import { describe, expect, it } from "vitest";
import { decodeTicketParams } from "../src/index.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const decode = (customfields: unknown) => decodeTicketParams({ customfields });
const fields = (customfields: unknown) => decode(customfields).ticket.customfields;
const problem = (customfields: unknown) => decode(customfields).problems[0]?.message;

describe("PHP-serialized arrays", () => {
  it.each([
    ['a:1:{i:1;s:6:"Google";}', { "1": "Google" }],
    ['a:5:{i:1;i:7;i:2;b:1;i:3;d:0.5;i:4;N;i:5;a:1:{i:0;s:1:"x";}}', { "1": 7, "2": true, "3": 0.5, "4": null, "5": { "0": "x" } }],
    ['a:1:{s:1:"1";s:5:"Grüß";}', { "1": "Grüß" }],
    ['a:1:{i:1;s:6:"Grüß";}', { "1": "Grüß" }],
    ['a:1:{i:1;s:99:"too long";}', { "1": "too long" }],
    ['a:2:{i:1;s:1:"says "hi"";i:2;s:1:"yes";}', { "1": 'says "hi"', "2": "yes" }],
    ['a:1:{i:1;s:24:"looks";i:2;s:1:"like one";}', { "1": 'looks";i:2;s:1:"like one' }],
    ['a:1:{i:1;s:2:"looks";i:2;s:1:"like one";}', { "1": 'looks";i:2;s:1:"like one' }],
    ["a:1:{i:1;d:INF;}", { "1": null }],
    ["a:2:{i:1;i:-9007199254740991;i:2;i:9007199254740991;}", { "1": -9007199254740991, "2": 9007199254740991 }],
    ["a:2:{i:1;i:-9223372036854775808;i:2;i:9007199254740993;}", { "1": "-9223372036854775808", "2": "9007199254740993" }],
    ["a:1:{i:1;a:2:{i:9007199254740992;i:1;i:9007199254740993;i:2;}}", { "1": { "9007199254740992": 1, "9007199254740993": 2 } }],
  ])("%s", (serialized, expected) => {
    expect(decode(base64(serialized))).toEqual({ ticket: { customfields: expected }, problems: [] });
  });

  it("whose plus signs a form decoder ate, also as many of them as leave the length one of base64", () => {
    for (const value of ["~>~>~>~>", ">??~>~a<<o?>o<??<oaO?><a>o", "~~~~>>>>????<<<<oooo", ">".repeat(40)]) {
      expect(fields(base64(`a:1:{i:1;s:${value.length}:"${value}";}`).replaceAll("+", " "))).toEqual({ "1": value });
    }
  });

  it("broken into lines by blanks", () => {
    const text = base64(`a:1:{i:1;s:200:"${"~>".repeat(100)}";}`);
    for (const width of [16, 60, 64, 66, 70, 72, 76]) {
      const lines = text.replace(new RegExp(`.{${width}}`, "g"), "$&\n").split("\n");
      for (const end of [" ", "\n    ", "\r\n        "]) expect(fields(end + lines.join(end))).toEqual({ "1": "~>".repeat(100) });
    }
  });

  it.each([
    ["an object", 'a:1:{i:1;O:8:"stdClass":0:{}}', "object or a reference"],
    ["a custom object", 'C:11:"ArrayObject":21:{x:i:0;a:0:{};m:a:0:{}}', "object or a reference"],
    ["a reference", "a:2:{i:1;i:1;i:2;R:2;}", "object or a reference"],
    ["an object reference", "a:1:{i:1;r:1;}", "object or a reference"],
    ["an enum", 'a:1:{i:1;E:7:"Foo:Bar";}', "object or a reference"],
    ["a wrong length with two readings", 'a:1:{i:1;a:2:{i:0;s:1:"aa";i:1;s:1:"bb";i:1;s:1:"cc";}}', "ambiguous"],
    ["a scalar", 's:1:"x";', "not a serialized PHP array"],
    ["a wrong count", 'a:2:{i:1;s:1:"x";}', "not a serialized PHP array"],
    ["a cut end", 'a:1:{i:1;s:1:"x"', "not a serialized PHP array"],
    ["trailing bytes", 'a:1:{i:1;s:1:"x";}i:1;', "not a serialized PHP array"],
    ["deep nesting", `${"a:1:{i:1;".repeat(50)}N;${"}".repeat(50)}`, "nests deeper"],
    ["a huge count", "a:999999999:{i:1;N;}", "more than 500"],
  ])("%s is refused", (_what, serialized, reason) => {
    expect(problem(base64(serialized))).toContain(reason);
    expect(fields(base64(serialized))).toBeUndefined();
  });

  it("never builds an object with a prototype of the sender's choice", () => {
    const decoded = fields(base64('a:1:{i:1;a:1:{s:9:"__proto__";a:1:{s:8:"polluted";b:1;}}}'));
    expect(JSON.stringify(decoded)).toBe('{"1":{"__proto__":{"polluted":true}}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  const MEGABYTES = "x".repeat(3_000_000);
  const stringsThatEndTogether = (count: number) =>
    Array.from({ length: count }, (_, index) => `";i:2;s:${String((count - 1 - index) * '";i:2;s:1234567:"'.length).padStart(7, "0")}:"`).join("");
  const NULLS = Array.from({ length: 499 }, (_, index) => `i:${index};N;`).join("");
  const NESTED = `a:500:{${NULLS}i:499;`;
  it.each([
    ["of many strings", `a:400:{${Array.from({ length: 400 }, (_, index) => `i:${index};s:1:"ab";`).join("")}`],
    ["of a large string with many ends", `a:1:{i:1;s:1:"${MEGABYTES}${'";'.repeat(500_000)}}`],
    ["of an array with many ends, and much behind them", `a:1:{i:1;s:1:"${'";}'.repeat(300_000)}${MEGABYTES}`],
    ["of an array with many ends, and blanks behind them", `a:1:{i:1;s:1:"${'";}'.repeat(300_000)}${" ".repeat(3_000_000)}x`],
    ["of the last of many entries", `a:500:{${NULLS}i:499;s:1:"${'";}'.repeat(30_000)}`],
    ["of the last of many entries of nested arrays", `${NESTED.repeat(8)}s:1:"${`";${"}".repeat(8)}`.repeat(30_000)}`],
    ...["s:", 's:1:"', "i:", "d:", "a:"].map((beginning) => [
      `in front of ${beginning} without an end`,
      `a:3:{i:1;s:1:"${stringsThatEndTogether(5000)}";i:3;${beginning}${MEGABYTES}`,
    ]),
  ])("ambiguous lengths %s end within bounds", (_what, nasty) => {
    const encoded = base64(nasty);
    const startedAt = performance.now();
    expect(problem(encoded)).toMatch(/complicated|not a serialized/);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it("large values are read, also by a wrong length and with what looks like their end", () => {
    const text = `${"Grüße ".repeat(100_000)}${'a "b"; '.repeat(500)}`;
    for (const length of [Buffer.byteLength(text), text.length]) {
      expect(fields(base64(`a:2:{i:1;s:${length}:"${text}";i:2;s:1:"x";}`))).toEqual({ "1": text, "2": "x" });
    }
    expect(problem(base64(`${NESTED.repeat(8)}N;${"}".repeat(8)}`))).toBeUndefined();
  });
});

describe("other encodings", () => {
  it.each([
    ["JSON text", '{"1":"a","2":["b"]}', { "1": "a", "2": ["b"] }],
    ["base64 of JSON", base64('{"1":"a"}'), { "1": "a" }],
    ["a real object", { "01": "a" }, { "1": "a" }],
    ["what bracket fields become", { "3": { "0": "x" } }, { "3": { "0": "x" } }],
    ["base64 with line breaks", base64('a:1:{i:1;s:6:"Google";}').replace(/(.{8})/g, "$1\r\n"), { "1": "Google" }],
  ])("%s", (_what, given, expected) => {
    expect(decode(given)).toEqual({ ticket: { customfields: expected }, problems: [] });
  });

  it.each(["N;", "b:0;", 's:0:"";', "null", "[]", "undefined", "a:0:{}"])("base64 of %s is nothing", (nothing) => {
    expect(decode(base64(nothing))).toEqual({ ticket: {}, problems: [] });
  });

  it.each([
    ["not base64", "%%%", "not base64"],
    ["a key that is no id", { name: "x" }, '"name" is no field id'],
    ["broken JSON", '{"1":', "not JSON"],
  ])("%s: the problem says what would be right", (_what, given, reason) => {
    expect(problem(given)).toContain(reason);
    expect(problem(given)).toContain("customfields[<id>]");
  });
});
