import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composeMail, type MailFields, type MailFile } from "../../src/kinds/compose-mail.ts";
import { addressHeader, type MailHeader, parseHeaderBlock, textHeader, writtenHeader } from "../../src/kinds/mail-headers.ts";

const header = (name: string, value: string): MailHeader => ({ name, value: Buffer.from(value) });
const compose = (fields: Partial<MailFields>): string => composeMail({ headers: [], files: [], ...fields }).toString("latin1");
const linesOfHead = (message: string): string[] => message.slice(0, message.indexOf("\r\n\r\n")).split("\r\n");
const utf8 = (text: string) => ({ bytes: Buffer.from(text) });
const image: MailFile = { name: "logo.png", contentType: "image/png", contentId: "<logo@1>", bytes: Buffer.from("png") };

describe("a composed message", () => {
  test("keeps the message's headers in order, also twice, and replaces those of the body alone", () => {
    const headers = ["Received: a", "received: b", "Content-Type: text/x", "MIME-Version: 2", "X-Content-Note: kept", "Content-Disposition: x"];
    expect(linesOfHead(compose({ headers: parseHeaderBlock(Buffer.from(headers.join("\r\n"))), text: utf8("x") }))).toEqual([
      "Received: a",
      "received: b",
      "X-Content-Note: kept",
      "MIME-Version: 1.0",
      'Content-Type: text/plain; charset="utf-8"',
      "Content-Transfer-Encoding: base64",
    ]);
  });

  test("keeps bytes of headers that are no UTF-8, and undoes folds", () => {
    const block = Buffer.from("Subject: Gr\xfc\xdfe\r\n\tan alle\nno header here\n: nor here\nX: y", "latin1");
    expect(linesOfHead(compose({ headers: parseHeaderBlock(block) })).slice(0, 2)).toEqual(["Subject: Gr\xfc\xdfe\tan alle", "X: y"]);
  });

  test("has one line for each header and one part for each file, whatever they hold", () => {
    const nasty = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rb", "a\0b", "a\r\n b", "a\r\n\r\nbody", '"; x="', "=_boundary"),
    );
    const file = fc.record({ name: nasty, contentType: nasty, contentId: nasty, bytes: fc.uint8Array({ maxLength: 200 }) });
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 5 }), fc.array(file, { minLength: 1, maxLength: 4 }), nasty, nasty, (values, files, charset, text) => {
        const message = compose({ headers: values.map((value, at) => header(`X-${at}`, value)), text: { ...utf8(text), charset }, files });
        expect(linesOfHead(message).map((line) => line.split(":", 1)[0])).toEqual([...values.map((_, at) => `X-${at}`), "MIME-Version", "Content-Type"]);
        expect(message.match(/^Content-Transfer-Encoding: base64\r$/gm)).toHaveLength(files.length + 1);
        expect(message).not.toMatch(/^X-Evil/m);
        expect(/[^\r]\n|\r[^\n]|\0/.test(message)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("leaves out headers whose names are none", () => {
    const names = ["", "a b", "a:b", "a\r\nb", "ä", "x".repeat(201)];
    expect(linesOfHead(compose({ headers: names.map((name) => header(name, "x")) }))[0]).toBe("MIME-Version: 1.0");
  });

  test("shows the images that its HTML shows, and attaches all others", () => {
    const shown = compose({ html: utf8('<img src="cid:logo@1">'), files: [image] });
    expect(shown).toContain("multipart/related");
    expect(shown).toContain("Content-Disposition: inline; filename*=UTF-8''logo.png\r\nContent-ID: <logo@1>");
    expect(compose({ html: utf8("<p>cid</p>"), files: [image] })).toContain("Content-Disposition: attachment; filename*=UTF-8''logo.png");
    expect(compose({ html: utf8("cid:logo@1"), files: [{ ...image, contentType: "text/plain" }] })).not.toContain("inline");
    expect(compose({ text: utf8("x"), files: [image] })).toContain("Content-Disposition: attachment");
  });

  test("attaches what calls itself a multipart, or has no type, as bytes", () => {
    for (const contentType of ["multipart/mixed; boundary=x", undefined, "text", "a/b\r\nX: y"]) {
      expect(compose({ files: [{ contentType, bytes: Buffer.alloc(0) }] })).toContain(
        "Content-Type: application/octet-stream\r\nContent-Disposition: attachment\r\n",
      );
    }
  });

  test("drops the text that a provider makes of a mail of HTML alone, and keeps how a text flows", () => {
    const both = { text: utf8("made"), html: utf8("<p>written</p>") };
    expect(compose({ ...both, headers: [header("Content-Type", "text/html; charset=utf-8")] })).not.toContain("text/plain");
    expect(compose({ ...both, headers: [header("Content-Type", "multipart/mixed")] })).toContain("text/plain");
    expect(compose({ text: utf8("x"), headers: [header("content-type", 'text/plain; format="flowed"; DelSp=yes')] })).toContain(
      'charset="utf-8"; format=flowed; delsp=yes',
    );
  });

  test("of a large file takes little time", () => {
    const startedAt = performance.now();
    const message = composeMail({ headers: [], files: [{ name: "a.bin", bytes: Buffer.alloc(20_000_000, 1) }] });
    expect(message.length).toBeGreaterThan(27_000_000);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});

describe("a header", () => {
  const written = ([first]: MailHeader[]) => (first === undefined ? undefined : Buffer.from(first.value).toString());

  test("of text is ASCII as it is, and else words that each end within a character's bytes", () => {
    expect(written(textHeader("Subject", "Hello: world"))).toBe("Hello: world");
    expect(written(textHeader("Subject", "ä=?"))).toBe("=?UTF-8?B?w6Q9Pw==?=");
    expect(written(textHeader("Subject", "=?UTF-8?B?w6Q=?="))).toBe("=?UTF-8?B?PT9VVEYtOD9CP3c2UT0/PQ==?=");
    const words = written(textHeader("Subject", "日本語😀".repeat(20)))?.split(" ") ?? [];
    expect(words.map((word) => Buffer.from(word.slice(10, -2), "base64").toString()).join("")).toBe("日本語😀".repeat(20));
    expect(Math.max(...words.map(({ length }) => length))).toBeLessThanOrEqual(75);
    expect(textHeader("Subject", "")).toEqual([]);
    expect(writtenHeader("Subject", undefined)).toEqual([]);
  });

  test("of addresses quotes names and cannot gain another address by one", () => {
    expect(written(addressHeader("To", [{ name: 'A "B" <evil@example.net>, C\\', address: "a@example.net" }, { address: "b@example.net" }]))).toBe(
      '"A \\"B\\" <evil@example.net>, C\\\\" <a@example.net>, <b@example.net>',
    );
    expect(written(addressHeader("To", [{ name: "", address: "a@example.net>,\r\n <evil@example.net" }]))).toBe("<a@example.net,evil@example.net>");
    expect(addressHeader("To", [{ name: "A", address: "" }])).toEqual([]);
  });
});
