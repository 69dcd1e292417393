import { describe, expect, it } from "vitest";
import { unflow } from "../../src/text/flowed.ts";

describe("flowed text", () => {
  it.each([
    ["lines that go on", "One line \nthat goes on \nand ends.\nAnother.", "One line that goes on and ends.\nAnother."],
    ["stuffed lines", " From here\n >not a quote\n  indented", "From here\n>not a quote\n indented"],
    ["quotes", "> one \n> two\n>> three \n>> four\nfive", "> one two\n>> three four\nfive"],
    ["a quote whose depth changes in the middle", "> one \n>> two", "> one\n>> two"],
    ["empty quoted lines", "> one\n>\n> two", "> one\n>\n> two"],
    ["a signature", "text \n-- \nBob", "text\n-- \nBob"],
    ["blank lines", "one\n\ntwo \n\nthree", "one\n\ntwo\nthree"],
    ["the last line flowing", "one ", "one"],
    ["CRLF", "one \r\ntwo\r\n", "one two\n"],
    ["nothing", "", ""],
  ])("%s", (_what, text, joined) => {
    expect(unflow(text, { delSp: false })).toBe(joined);
  });

  it("with delsp the space that marked the line goes", () => {
    expect(unflow("日本 \n語 \n> text  \n> goes on", { delSp: true })).toBe("日本語\n> text goes on");
  });

  it("a hundred thousand lines are one line, at once", () => {
    expect(unflow("word \n".repeat(100_000), { delSp: false })).toHaveLength(499_999);
  });
});
