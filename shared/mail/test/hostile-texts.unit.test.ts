import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify } from "../src/classify.ts";
import { readReport } from "../src/report/read-report.ts";
import { describeCalendar } from "../src/text/calendar.ts";
import { unflow } from "../src/text/flowed.ts";
import { htmlToText, MAX_TEXT_CHARS } from "../src/text/html-to-text.ts";
import { readRtf } from "../src/text/rtf-text.ts";
import { sanitizeHtml } from "../src/text/sanitize-html.ts";
import { unpackTnef } from "../src/text/tnef.ts";
import { takeUuencoded } from "../src/text/uuencode.ts";
import { visibleText } from "../src/text/visible-text.ts";

/** Texts made of the pieces that each reader looks for, in any order, and of anything between. */
const textOf = (...pieces: string[]) =>
  fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary" })), { maxLength: 60 }).map((list) => list.join(""));

const HTML = textOf(
  "<div>",
  "</div>",
  "<p hidden>",
  '<a href="https://e.test">',
  "</a>",
  "<table><tr><td>",
  "</td>",
  "<ul><li>",
  "</ul>",
  "<pre>",
  "<blockquote>",
  "</blockquote>",
  "<br>",
  "<img alt=x src=cid:x>",
  "<script>",
  "<style>",
  "<!--",
  "-->",
  "<![CDATA[",
  "&amp;",
  "&#x110000;",
  "&#0;",
  "<b x='",
  '"',
  ">",
  "\u00a0",
  " ",
  "\n",
);
const LINES = textOf(
  "> ",
  ">> quote\n",
  "On 5 May 2025 at 10:00 Ann <a@b.c> wrote:\n",
  "From: a@b.c\n",
  "Sent: 5 May 2025 10:00\n",
  "Subject: x\n",
  "-- \n",
  "--\n",
  "Sent from my iPhone\n",
  "-----Original Message-----\n",
  "\n",
  "text ",
  "begin 644 a\n",
  "#0V%T\n",
  "`\nend\n",
  "BEGIN:VCALENDAR\n",
  "BEGIN:VEVENT\n",
  'SUMMARY;X="a:b":c\n',
  "END:VEVENT\n",
  ":\n",
);
const REPORT = textOf(
  "Final-Recipient: rfc822; a@b.c\n",
  "Action: failed\n",
  "Status: 5.1.1\n",
  "Diagnostic-Code: smtp; 550\n",
  " folded\n",
  "\n",
  "<a@b.c>:\n",
  "550 5.1.1 x\n",
  "--- Below this line is a copy of the message.\n",
  "Message-ID: <a@b>\n",
  "Feedback-Type: abuse\n",
);
const RTF = textOf(
  "{\\rtf1",
  "\\fromhtml1",
  "{\\*\\htmltag ",
  "\\htmlrtf ",
  "\\htmlrtf0 ",
  "\\u1234?",
  "\\uc9 ",
  "\\'e4",
  "{",
  "}",
  "\\",
  "\\par",
  "\\ansicpg99999",
);

/** Every text of a mail is well-formed, and shorter than this many times what it was made from. */
const MAX_GROWTH = 60;

describe("whatever the input, a bounded result and no exception", () => {
  it("HTML", () => {
    fc.assert(
      fc.property(HTML, (html) => {
        expect(htmlToText(html).length).toBeLessThanOrEqual(Math.min(MAX_TEXT_CHARS + 100, html.length * MAX_GROWTH));
        const safe = sanitizeHtml(html);
        expect(safe).not.toMatch(/<(?:script|style|iframe|svg)|\son\w+=|src="(?!cid:|data:)/i);
        expect(sanitizeHtml(safe)).toBe(safe);
      }),
    );
  });

  it("lines", () => {
    fc.assert(
      fc.property(LINES, fc.boolean(), (text, delSp) => {
        const visible = visibleText(text);
        expect(text).toContain(visible);
        expect(visible.trim() === "").toBe(text.trim() === "");
        expect(unflow(text, { delSp }).length).toBeLessThanOrEqual(text.length * 2);
        const { text: rest, files } = takeUuencoded(text);
        expect(rest.length + files.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(text.length * 64);
        expect(describeCalendar(text).length).toBeLessThanOrEqual(text.length * 2 + 200);
      }),
    );
  });

  it("reports", () => {
    const part = fc.record({
      contentType: fc.constantFrom("message/delivery-status", "message/feedback-report", "message/rfc822", "text/plain", "text/html"),
      text: REPORT,
    });
    const header = fc.tuple(
      fc.constantFrom("from", "subject", "return-path", "in-reply-to", "x-failed-recipients", "auto-submitted", "precedence", "list-id"),
      fc.oneof(REPORT, fc.constantFrom("mailer-daemon@e.test", "<>", "failure notice")),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.array(header, { maxLength: 8 }), REPORT, (parts, headers, text) => {
        const report = readReport({ headers, contentType: "multipart/report", reportType: "delivery-status", parts });
        const { because } = classify({ headers, contentType: "text/plain", fromAddress: text, subject: text, text, hasAttachments: false, report });
        expect(because.length).toBeGreaterThan(0);
        expect(JSON.stringify(report ?? null).length).toBeLessThan(200_000);
      }),
    );
  });

  it("RTF and winmail.dat", () => {
    fc.assert(
      fc.property(RTF, fc.uint8Array({ maxLength: 500 }), (rtf, bytes) => {
        expect(Object.values(readRtf(rtf)).join("").length).toBeLessThanOrEqual(rtf.length * 2);
        expect(unpackTnef(bytes)).toBeUndefined();
        const signed = Uint8Array.of(0x78, 0x9f, 0x3e, 0x22, 0, 0, ...bytes);
        expect(unpackTnef(signed)?.files.length).toBeLessThanOrEqual(500);
      }),
    );
  });
});

describe("lines that look like the beginning of a quote, 19,999 of them", () => {
  it.each(["On 5 May 2025 at 10:00 Ann <a@b.c> wrote:\n", "On 5 10:00\n", "From: a@b.c\n", "> a\nb\n", "--\n", "\n", "_____\n", "-----Original\n"])(
    "%j",
    (line) => {
      const text = line.repeat(9_999);
      expect(text).toContain(visibleText(text));
    },
  );
});
