import { describe, expect, it } from "vitest";
import { MAX_HEADERS, MAX_REFERENCES, understandMail } from "../src/index.ts";

const understand = (text: string) => understandMail(Buffer.from(text));
const many = (count: number, make: (index: number) => string) => Array.from({ length: count }, (_value, index) => make(index)).join("");

describe("limits of a mail", () => {
  it("leave out headers beyond their number, and keep the text", () => {
    const mail = understand(`Subject: first\r\n${many(2000, (index) => `X-${index}: y\r\n`)}\r\ntext`);
    expect(mail.headers).toHaveLength(MAX_HEADERS);
    expect(mail).toMatchObject({ subject: "first", text: "text", defects: [`it has more than ${MAX_HEADERS} headers`] });
  });

  it("leave out parts beyond their number", () => {
    const mail = understand(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${many(1500, (index) => `--b\r\nContent-Type: image/png\r\n\r\n${index}\r\n`)}--b--`,
    );
    expect(mail.attachments).toHaveLength(999);
    expect(mail.defects).toContain("it has more than 1000 parts");
  });

  it("keep what nests too deep as a file", () => {
    const mail = understand(many(40, (index) => `Content-Type: multipart/mixed; boundary=b${index}\r\n\r\n--b${index}\r\n`));
    expect(mail.attachments).toHaveLength(1);
    expect(mail.defects).toContain("parts nest deeper than 30");
  });

  it("keep the nearest references", () => {
    const { references } = understand(`References: ${many(80, (index) => `<${index}@x.test> `)}\r\n\r\n`);
    expect(references).toHaveLength(MAX_REFERENCES);
    expect(references.at(-1)).toBe("<79@x.test>");
  });

  it("cut a long text, and keep all of it as a file", () => {
    const mail = understand(`Subject: long\r\n\r\n${"line\r\n".repeat(1_000_000)}`);
    expect(mail.text.length).toBeLessThan(4 * 1024 * 1024);
    expect(mail.attachments).toMatchObject([{ name: "attachment-1.txt", size: 6_000_000 }]);
  });
});
