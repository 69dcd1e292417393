/** Mails that break parsers, made when asked for. Each is a whole raw message. */
export const POISON: Readonly<Record<string, () => Buffer>> = {
  "100,000 nested divs": () => html(`${"<div>".repeat(100_000)}deep${"</div>".repeat(100_000)}`),
  "20,000 links": () => html('<a href="http://example.test/a?b=c&amp;d=e">link</a> '.repeat(20_000)),
  "50 MB of HTML": () => html("<p>All work and no play makes Jack a dull boy.</p>\n".repeat(1_050_000)),
  "50 MB of one HTML tag that never ends": () => html(`<p ${"a=b ".repeat(13_000_000)}`),
  "10,000 parts": () =>
    multipart(
      "b",
      Array.from({ length: 10_000 }, (_value, index) => part(`text/plain; name="${index}.txt"`, `part ${index}`)),
    ),
  "5,000 nested multiparts": () => nest(5000, (index) => `Content-Type: multipart/mixed; boundary="b${index}"\r\n\r\n--b${index}\r\n`),
  "5,000 nested messages": () => nest(5000, () => "Content-Type: message/rfc822\r\n\r\n"),
  "a multipart whose parts are all multiparts of the same boundary": () =>
    multipart(
      "b",
      Array.from({ length: 3000 }, () => part('multipart/mixed; boundary="b"', "--b\r\n\r\nx\r\n--b--")),
    ),
  "25 levels of multiparts around 20 MB": () =>
    nest(25, (index) => `Content-Type: multipart/mixed; boundary="b${index}"\r\n\r\n--b${index}\r\n`, "--b\r\n".repeat(4_000_000)),
  "encoded multiparts within one another": () => nestBase64(12),
  "a million headers": () => Buffer.from(`Subject: endless\r\n${"X-Filler: something\r\n".repeat(1_000_000)}\r\ntext`),
  "a header of 30 MB": () => Buffer.from(`Subject: ${"long ".repeat(6_000_000)}\r\n\r\ntext`),
  "a header of 30 MB, folded": () => Buffer.from(`Subject: a\r\n${" b\r\n".repeat(7_000_000)}\r\ntext`),
  "headers that never end": () => Buffer.from(`Subject: ${"junk without any colon\r\n".repeat(1_000_000)}`),
  "null bytes": () => Buffer.concat([Buffer.from("Subject: null\0 bytes\0\r\nFrom: a\0@b.test\r\n\r\n"), Buffer.alloc(20_000_000)]),
  "20 MB of dashes": () => multipart("-", ["-".repeat(20_000_000)]),
  "20 MB of lines that almost are the boundary": () => multipart("b".repeat(900), [`--${"b".repeat(899)}c\r\n`.repeat(22_000)]),
  "10,000 addresses": () => Buffer.from(`From: ${"a@b.test, ".repeat(10_000)}\r\nTo: ${"Name <c@d.test>, ".repeat(10_000)}\r\n\r\ntext`),
  "addresses of brackets and quotes without an end": () => Buffer.from(`From: ${'<"('.repeat(20_000)}\r\nTo: ${':"<(,;'.repeat(10_000)}\r\n\r\ntext`),
  "encoded words without an end": () =>
    Buffer.from(`${Array.from({ length: 30 }, (_value, index) => `X-${index}: ${"=?utf-8?q?x".repeat(5800)}\r\n`).join("")}\r\ntext`),
  "references to 100,000 messages": () =>
    Buffer.from(`References: ${Array.from({ length: 100_000 }, (_value, index) => `<${index}@x.test>`).join("\r\n ")}\r\n\r\ntext`),
  "20 MB of carriage returns": () => Buffer.concat([Buffer.from("Subject: returns\r\n\r\n"), Buffer.alloc(20_000_000, 13), Buffer.from("x")]),
  "20 MB of white space": () => Buffer.concat([Buffer.from("Subject: blank\r\n\r\n"), Buffer.alloc(20_000_000, 32)]),
  "20 MB of quoted white space": () =>
    Buffer.concat([
      Buffer.from("Content-Type: application/x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"),
      Buffer.alloc(20_000_000, 32),
      Buffer.from("x"),
    ]),
  "20 MB of equals signs": () => Buffer.concat([Buffer.from("Content-Transfer-Encoding: quoted-printable\r\n\r\n"), Buffer.alloc(20_000_000, 61)]),
  "escapes of ISO 2022 and nothing else": () =>
    Buffer.concat([Buffer.from("Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n"), Buffer.from("\x1b$B!!\x1b(B".repeat(1_000_000))]),
  "UTF-7 and nothing else": () => Buffer.concat([Buffer.from("Content-Type: text/plain; charset=utf-7\r\n\r\n"), Buffer.from("+AGE-".repeat(2_000_000))]),
  "a megabyte of parameters": () =>
    Buffer.from(`Content-Type: text/plain; ${'a="b\\"'.repeat(10_000)}\r\nContent-Disposition: ${"; filename*1=x".repeat(5000)}\r\n\r\ntext`),
  "a uuencoded file in every line": () => Buffer.concat([Buffer.from("Subject: uu\r\n\r\n"), Buffer.from("begin 644 a.txt\n#86)C\n`\nend\n".repeat(200_000))]),
  "quotes 5,000 deep": () =>
    Buffer.from(`Subject: quotes\r\n\r\n${Array.from({ length: 5000 }, (_value, index) => `${">".repeat(index)} quoted\r\n`).join("")}`),
  "flowed text of 20 MB": () => Buffer.from(`Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n${"> flowed line \r\n".repeat(1_300_000)}`),
};

function html(body: string): Buffer {
  return Buffer.from(`From: a@b.test\r\nSubject: poison\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>${body}</body></html>`);
}

function part(type: string, body: string): string {
  return `Content-Type: ${type}\r\n\r\n${body}`;
}

function multipart(boundary: string, parts: readonly string[]): Buffer {
  const body = parts.map((one) => `--${boundary}\r\n${one}\r\n`).join("");
  return Buffer.from(`Subject: poison\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n${body}--${boundary}--\r\n`);
}

function nest(levels: number, opening: (index: number) => string, innermost = "Content-Type: text/plain\r\n\r\ndeep"): Buffer {
  return Buffer.from(`Subject: poison\r\n${Array.from({ length: levels }, (_value, index) => opening(index)).join("")}${innermost}`);
}

/** Each level is encoded as a whole, as no multipart may be. */
function nestBase64(levels: number): Buffer {
  let inside = Buffer.alloc(1_000_000, "x\r\n");
  for (let level = 0; level < levels; level += 1) {
    const body = Buffer.from(`--b${level}\r\n${inside.toString("latin1")}\r\n--b${level}--\r\n`, "latin1").toString("base64");
    inside = Buffer.from(`Content-Type: multipart/mixed; boundary="b${level}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`);
  }
  return inside;
}
