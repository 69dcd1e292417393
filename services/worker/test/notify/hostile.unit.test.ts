import { describe, expect, it } from "vitest";
import { MailRejected } from "../../src/notify/mail-rejected.ts";
import { makeNotifier } from "../../src/notify/notifier.ts";
import { depsWith, fieldNames, keepingTransport, owed, ticket, written } from "./build.ts";

const BREAKS = ["\r\n", "\n", "\r", "\u0085", "\u2028", "\u0000\r\n ", "\r\n\t"];
const FIELDS = [
  "auto-submitted",
  "content-type",
  "date",
  "from",
  "message-id",
  "mime-version",
  "references",
  "reply-to",
  "subject",
  "to",
  "x-auto-response-suppress",
  "x-openticket-loop",
  "x-openticket-template",
];
const injected = (line: string) => `x${line}Bcc: victim@example.org${line}${line}<script>alert(1)</script>`;

describe("header injection", () => {
  it.each(BREAKS.map((line) => [JSON.stringify(line), injected(line)]))("with %s adds no header and no body", async (_, evil) => {
    const mail = await written(
      { subject: evil, tid: evil, opener: { kind: "guest", name: evil, email: "ada@example.com" } },
      owed("ticket-opened", { name: evil, email: "ada@example.com" }),
      { describeDepartment: async () => ({ name: evil, email: "sales@example.com" }) },
    );
    expect(fieldNames(mail.head).toSorted()).toEqual(FIELDS);
    expect(mail.mail.envelope.to).toBe("ada@example.com");
    expect([mail.parsed.to].flat().flatMap((to) => to?.value ?? [])).toHaveLength(1);
    expect(mail.html).not.toContain("<script");
  });

  it.each([
    "a@b.example\r\nBcc: c@d.example",
    "a@b.example,c@d.example",
    "a@b.example c@d.example",
    "<a@b.example>",
    "a@b.example>",
    "evil@x.example@b.example",
    '"a b"@b.example',
    "a@[127.0.0.1]",
    "@a,@b:c@d.example",
    "a(comment)@b.example",
    "a@b..example",
    "a@-",
    "a",
    "",
    "@b.example",
    "a@",
    "a\u0000@b.example",
    `${"a".repeat(300)}@b.example`,
    ".a@b.example",
  ])("and unsendable addresses such as %j are rejected for good", async (email) => {
    const transport = keepingTransport();
    const notifier = makeNotifier(depsWith({ transport }));
    await expect(notifier.deliver(ticket(), owed("ticket-opened", { name: "x", email }))).rejects.toBeInstanceOf(MailRejected);
    expect(transport.mails).toEqual([]);
  });

  it("by the department's address is impossible: an unsendable one is not used", async () => {
    const { parsed } = await written({}, owed(), { describeDepartment: async () => ({ name: "S", email: "s@example.com\r\nBcc: c@d.example" }) });
    expect(parsed.from?.value[0]?.address).toBe("support@example.com");
  });

  it("an entry that is no mail is rejected for good", async () => {
    const notifier = makeNotifier(depsWith({ transport: keepingTransport() }));
    await expect(notifier.deliver(ticket(), { key: "reply", kind: "reply", queue: "q", attempts: 0 })).rejects.toBeInstanceOf(MailRejected);
  });

  it.each([
    "=?utf-8?Q?=E2=80=AEevil=0D=0ABcc:_x@y.example?=",
    "x =?UTF-8?b?4oCuZXZpbA==?= y",
    "=?\u200butf-8?Q\u200b?=E2=80=AE?=",
    "=?utf-8*en?q?=E2=80=AE?=",
    `${"a".repeat(80)} =?utf-8?Q?=E2=80=AE?=`,
  ])("by text that mail programs would decode is impossible: %j", async (evil) => {
    const { parsed } = await written({ subject: evil }, owed("ticket-opened", { name: evil, email: "ada@example.com" }), {
      describeDepartment: async () => ({ name: evil, email: "sales@example.com" }),
    });
    const shown = [parsed.subject, ...[parsed.from, parsed.to, parsed.replyTo].flat().flatMap((field) => field?.value.map(({ name }) => name))];
    expect(shown).toHaveLength(4);
    for (const text of shown) expect(text).toMatch(/= \?[^?]+\?[bq]\?/i);
    expect(shown.join("")).not.toMatch(/[\u202e\r\n]/);
  });

  it("no line of a header is longer than mail allows", async () => {
    for (const subject of ["a".repeat(1000), "word ".repeat(200), "ü".repeat(1000), "😀".repeat(500)]) {
      const { head, parsed } = await written({ subject });
      expect(Math.max(...head.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
      expect(parsed.subject).toContain(`[Ticket ID: 516757] ${[...subject].slice(0, 100).join("")}`);
      expect(parsed.subject?.isWellFormed()).toBe(true);
    }
  });

  it("reads addresses in any script, with an ASCII domain", async () => {
    const { mail } = await written({}, owed("ticket-opened", { name: "Jürgen", email: "jürgen@bücher.example" }));
    expect(mail.envelope.to).toBe("jürgen@xn--bcher-kva.example");
  });
});

describe("hidden characters", () => {
  it("that control a terminal or end a text are taken out of every line of ours", async () => {
    const { parsed, html, text } = await written({ subject: "a\u0000b\u001b[31mc\u007fd\u009be" });
    expect(parsed.subject).toBe("[Ticket ID: 516757] a b [31mc d e");
    for (const body of [text, html]) expect(body).toContain("a b [31mc d e");
  });

  it("that turn text around or hide in it are taken out of names", async () => {
    const sha256 = "0".repeat(64);
    const { text, parsed } = await written(
      {
        subject: "in\u202evoice\u200b\u2066",
        attachments: [{ name: "photo\u202egpj.exe", contentType: "", size: 1, sha256 }],
        opener: { kind: "guest", name: "A\u200fda\ufeff\u{e0041}", email: "ada@example.com" },
      },
      owed("staff-ticket-opened", { name: "Gr\u2067ace\u00ad", email: "grace@example.com" }),
    );
    expect(parsed.subject).toBe("[Ticket ID: 516757] invoice");
    expect(parsed.to).toMatchObject({ value: [{ name: "Grace" }] });
    expect(text).toContain("photogpj.exe");
    expect(text).toContain("Ada (guest)");
  });

  it("that belong to a script stay", async () => {
    for (const name of ["می\u200cخواهم", "👩\u200d👩\u200d👧", "क्\u200dष"]) {
      const { parsed } = await written({ subject: name });
      expect(parsed.subject).toBe(`[Ticket ID: 516757] ${name}`);
    }
    for (const hidden of ["pay\u200dpal\u200c", `pay${"\u200c\u200d".repeat(10)}pal`, `pay\u200d\u2019${"\u200d".repeat(10)}pal`])
      expect((await written({ subject: hidden })).parsed.subject).not.toMatch(/[\u200c\u200d]/);
  });

  it("and controls and half characters are taken out of the message", async () => {
    const { text } = await written({ message: "a\u0000b\u001b[31mc\ud800d\r\ne\rf" });
    expect(text).toContain("ab[31mc\ufffdd\ne\nf");
  });
});

const XSS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  '<a href="javascript:alert(1)">x</a>',
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](data:text/html;base64,PHNjcmlwdD4=)",
  "[x](vbscript:msgbox(1))",
  "![x](javascript:alert(1))",
  "<javascript:alert(1)>",
  '[x](https://e.example "onmouseover=alert(1) x=\\"")',
  '![" onerror="alert(1)](https://e.example/x.png)',
  "[x]( java\nscript:alert(1))",
  "<iframe src=https://e.example></iframe>",
  "<style>@import 'https://e.example'</style>",
  "<form action=https://e.example><input></form>",
  "<!--<img src=x onerror=alert(1)>-->",
  "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
  "`<script>`\n\n```html onload=x\n<script>alert(1)</script>\n```",
  "[x](//e.example)",
  "<a@b.example onclick=alert(1)>",
  "[a]: javascript:alert(1)\n\n[a]",
  "|<script>|\n|-|\n|<img src=x onerror=alert(1)>|",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
];

describe("a message with markup", () => {
  it.each(XSS)("never becomes active HTML, in markdown or not: %j", async (message) => {
    for (const markdown of [true, false]) {
      const { html } = await written({ message, markdown });
      const own = html.slice(html.indexOf('<div dir="auto"'), html.indexOf("<p>When you answer"));
      const tags = [...own.matchAll(/<\/?([a-z0-9]+)([^>]*)>/gi)].map(([, name = "", attributes = ""]) => ({ name: name.toLowerCase(), attributes }));
      const allowed = ["div", "p", "br", "pre", "code", "a", "table", "thead", "tbody", "tr", "th", "td", "em", "strong"];
      expect(tags.filter(({ name }) => !allowed.includes(name))).toEqual([]);
      expect(tags.filter(({ attributes }) => /\bon\w+\s*=|style\s*=|src\s*=/i.test(attributes) && !attributes.startsWith(' dir="auto"'))).toEqual([]);
      expect(tags.flatMap(({ attributes }) => /href="([^"]*)"/.exec(attributes)?.[1] ?? []).filter((href) => !/^(https?:\/\/|mailto:)/.test(href))).toEqual([]);
      expect(own).not.toContain("<!--");
    }
  });

  it("is shown as markdown when that was asked for", async () => {
    const message = "# Title\n\nThis is a **sample** with `code`\nand a second line.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |";
    const { html, text } = await written({ message, markdown: true });
    for (const part of ["<h1>Title</h1>", "<strong>sample</strong>", "<code>code</code><br />", "<li>one</li>", "<td>1</td>"]) expect(html).toContain(part);
    expect(text).toContain("Title");
    expect(text).toContain("This is a sample with code\nand a second line.");
    expect(text).toContain(" * one\n * two");
    expect(text).not.toContain("**");
  });

  it("stays as it was given when it was not", async () => {
    const { html, text } = await written({ message: "**not bold** <b>\n  indented https://e.example" });
    expect(text).toContain("**not bold** <b>\n  indented https://e.example");
    expect(html).toContain("**not bold** &lt;b&gt;<br>\n");
    expect(html).not.toContain('href="https://e.example');
  });

  it("shows where a link leads when its text does not", async () => {
    const { html, text } = await written({ message: "[your bank](https://evil.example/x) <https://plain.example/>", markdown: true });
    expect(html).toContain('<a href="https://evil.example/x" rel="noopener noreferrer nofollow">your bank</a> (https://evil.example/x)');
    expect(html).toContain(">https://plain.example/</a>");
    expect(html).not.toContain("(https://plain.example/)");
    expect(text).toContain("your bank (https://evil.example/x)");
  });

  it("loads nothing from elsewhere: images are named, not shown", async () => {
    const { html, text } = await written({
      message: "![a cat](https://tracker.example/1.png) [![b](https://t.example/2.png)](https://e.example)",
      markdown: true,
    });
    expect(html).not.toMatch(/<img|src=/);
    expect(text).toContain("[image: a cat https://tracker.example/1.png]");
  });

  it("costs bounded time, whatever it is", async () => {
    const bombs = [
      "[".repeat(200_000),
      "> ".repeat(100_000),
      "*a_".repeat(70_000),
      `a|b\n-|-\n${"x|\n".repeat(70_000)}`,
      "![".repeat(100_000),
      "- ".repeat(100_000),
      "`a``".repeat(50_000),
      `${"|".repeat(20_000)}\n${"|-".repeat(20_000)}\n${"|\n".repeat(5000)}`,
    ];
    for (const message of bombs) {
      const startedAt = performance.now();
      await written({ message, markdown: true });
      expect(performance.now() - startedAt).toBeLessThan(2000);
    }
  });

  it("is shown as it was given when it has too many pieces to be markdown", async () => {
    const { text, html } = await written({ message: `**a**\n\na|b\n-|-\n${"x|\n".repeat(10_000)}`, markdown: true });
    expect(text).toContain("**a**");
    expect(html).not.toContain("<td>");
  });

  it("shows names as text in HTML", async () => {
    const { html } = await written({ subject: "<b>&amp;\"'</b>" }, owed("ticket-opened", { name: "<i>x</i>", email: "a@example.com" }));
    expect(html).toContain("&lt;b&gt;&amp;amp;&quot;&#39;&lt;/b&gt;");
    expect(html).toContain("&lt;i&gt;x&lt;/i&gt;");
  });
});
