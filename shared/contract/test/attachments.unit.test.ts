import { describe, expect, it } from "vitest";
import { attachmentName, decodeTicketParams } from "../src/index.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const encoded = (list: unknown) => base64(JSON.stringify(list));
const decode = (attachments: unknown) => decodeTicketParams({ attachments });
const FILE = { name: "a.txt", data: base64("hello") };

describe("attachments in memory", () => {
  it.each([
    ["base64 of JSON", encoded([FILE])],
    ["base64 of JSON with line breaks", encoded([FILE]).replace(/(.{10})/g, "$1\n")],
    ["base64 of JSON whose plus signs a form decoder ate", encoded([FILE]).replaceAll("+", " ")],
    ["JSON text", JSON.stringify([FILE])],
    ["a real list", [FILE]],
    ["what bracket fields become", { "0": FILE }],
    ["filename in place of name", [{ filename: "a.txt", data: FILE.data }]],
    ["data without padding", [{ name: "a.txt", data: FILE.data.replace("=", "") }]],
  ])("%s", (_what, given) => {
    expect(decode(given)).toEqual({ ticket: { attachments: [FILE] }, problems: [] });
  });

  it.each([
    ["a name without data", { "0": "data" }, "entry 0 is not an object"],
    ["an entry without a name", [{ data: FILE.data }], "entry 0 has no name"],
    ["an entry without data", [FILE, { name: "b.txt" }], "entry 1 has no data"],
    ["data that is not base64", [{ name: "a.txt", data: "é" }], "entry 0 has data that is not base64"],
    ["not base64", "hello world!", "not base64 of JSON"],
    ["not JSON", base64("hello"), "not base64 of JSON"],
    ["not a list", encoded("x"), "not a list"],
    ["too many", Array.from({ length: 51 }, () => FILE), "more than 50"],
  ])("%s: none is taken, and the problem says why", (_what, given, reason) => {
    const { ticket, problems } = decode(given);
    expect(ticket.attachments).toBeUndefined();
    expect(problems[0]?.message).toContain(reason);
    expect(problems[0]?.message).toContain("attachments[0][name]");
  });
});

describe("attachment names", () => {
  it.each([
    ["../../etc/passwd", "passwd"],
    ["C:\\temp\\a.txt", "a.txt"],
    ["a\u0000\r\n.txt", "a.txt"],
    ["invoice\u202Efdp.exe", "invoicefdp.exe"],
    [`${"x".repeat(300)}.pdf`, `${"x".repeat(251)}.pdf`],
  ])("%j becomes %j", (given, name) => {
    expect(attachmentName(given)).toBe(name);
  });

  it.each(["", "..", "/", "a/", 5, null])("%j is no name", (given) => {
    expect(attachmentName(given)).toBeUndefined();
  });
});
