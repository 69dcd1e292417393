import { describe, expect, it } from "vitest";
import { type ReportInput, readReport } from "../../src/report/read-report.ts";
import { EXCHANGE, EXIM, OLD_EXCHANGE, POSTFIX, QMAIL, SENDMAIL } from "./bounces-in-words.ts";

const STATUS = "message/delivery-status";
const HEADERS = "From: a@ours.test\r\nMessage-ID:\r\n <ot.7.opened.abc@ours.test>\r\nSubject: x\r\n\r\nMessage-ID: <not.this@ours.test>";

function report(status: string, overrides: Partial<ReportInput> = {}): ReportInput {
  const parts = [
    { contentType: "text/plain", text: "Your mail could not be delivered." },
    { contentType: STATUS, text: status },
    { contentType: "message/rfc822", text: HEADERS },
  ];
  return { headers: [], contentType: "multipart/report", reportType: "delivery-status", parts, ...overrides };
}

function bounce(from: string, subject: string, text: string, headers: [string, string][] = []): ReportInput {
  return { headers: [["from", from], ["subject", subject], ...headers], contentType: "text/plain", parts: [{ contentType: "text/plain", text }] };
}

describe("delivery reports", () => {
  it("say for each recipient what became of the mail", () => {
    const status = [
      "Reporting-MTA: dns; mx.e.test\r\nArrival-Date: Mon, 5 May 2025 10:00:00 +0200",
      "Final-Recipient: rfc822; gone@e.test\r\nOriginal-Recipient: rfc822;alias@e.test\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n <gone@e.test>: unknown",
      "Final-Recipient: RFC822; <slow@e.test>\r\nAction: Delayed\r\nStatus: 4.4.1 (no answer)\r\nWill-Retry-Until: Sat, 10 May 2025 10:00:00 +0200",
      "Final-Recipient: rfc822;fine@e.test\r\nAction: delivered\r\nStatus: 2.0.0",
    ].join("\r\n\r\n");
    expect(readReport(report(status))).toEqual({
      kind: "delivery",
      originalMessageId: "<ot.7.opened.abc@ours.test>",
      recipients: [
        { address: "alias@e.test", action: "failed", status: "5.1.1", diagnostic: "550 5.1.1 <gone@e.test>: unknown", isPermanent: true },
        { address: "slow@e.test", action: "delayed", status: "4.4.1", diagnostic: "", isPermanent: false },
        { address: "fine@e.test", action: "delivered", status: "2.0.0", diagnostic: "", isPermanent: false },
      ],
    });
  });

  it.each([
    ["given up after days: the address may be good", "Action: failed\nStatus: 4.4.7", { action: "failed", status: "4.4.7", isPermanent: false }],
    ["a status that says nothing", "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.7.26 unauthenticated", { status: "5.7.26", isPermanent: true }],
    ["no status", "Action: failed\nDiagnostic-Code: smtp;552 mailbox full", { status: "5.0.0", isPermanent: true }],
    ["no action", "Status: 4.2.2", { action: "delayed", isPermanent: false }],
    ["neither", "Remote-MTA: dns; mx", { action: "failed", status: "", isPermanent: true }],
    ["a word that is no action", "Action: rejected\nStatus: 5.1.1", { action: "failed" }],
  ])("%s", (_what, fields, expected) => {
    const read = readReport(report(`Final-Recipient: rfc822; a@e.test\n${fields}`));
    expect(read?.kind === "delivery" && read.recipients[0]).toMatchObject(expected);
  });

  it.each([
    [
      "headers alone",
      {
        parts: [
          { contentType: STATUS, text: "Final-Recipient: rfc822; a@e.test" },
          { contentType: "text/rfc822-headers", text: HEADERS },
        ],
      },
    ],
    [
      "what Exchange answers",
      { parts: [{ contentType: STATUS, text: "Final-Recipient: rfc822; a@e.test" }], headers: [["in-reply-to", "<ot.7.opened.abc@ours.test>"] as const] },
    ],
    ["a field of its own", { parts: [{ contentType: STATUS, text: "Original-Message-ID: <ot.7.opened.abc@ours.test>\n\nFinal-Recipient: rfc822; a@e.test" }] }],
    [
      "the second of two parts",
      {
        parts: [
          { contentType: STATUS, text: "Sorry.\n" },
          { contentType: STATUS, text: "Final-Recipient: rfc822; a@e.test" },
          { contentType: "message/rfc822", text: HEADERS },
        ],
      },
    ],
    ["no parameter", { reportType: undefined, contentType: "multipart/mixed" }],
  ])("the mail is known by %s", (_what, overrides) => {
    expect(readReport(report("Final-Recipient: rfc822; a@e.test", overrides))).toMatchObject({ originalMessageId: "<ot.7.opened.abc@ours.test>" });
  });

  it("are read without anything in them", () => {
    expect(readReport(report("", { parts: [{ contentType: STATUS, text: "" }] }))).toEqual({ kind: "delivery", originalMessageId: undefined, recipients: [] });
  });

  it("name at most a hundred recipients", () => {
    const read = readReport(report("Final-Recipient: rfc822; a@e.test\n\n".repeat(5_000)));
    expect(read?.kind === "delivery" && read.recipients).toHaveLength(100);
  });
});

describe("abuse reports", () => {
  it("say what about, and about which mail", () => {
    const feedback = "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <b@e.test>\r\n";
    const parts = [
      { contentType: "message/feedback-report", text: feedback },
      { contentType: "message/rfc822", text: HEADERS },
    ];
    expect(readReport(report("", { reportType: "feedback-report", parts }))).toEqual({
      kind: "abuse",
      feedbackType: "abuse",
      originalMessageId: "<ot.7.opened.abc@ours.test>",
      recipients: ["b@e.test"],
    });
  });

  it("are read as far as they go", () => {
    expect(readReport(report("", { parts: [{ contentType: "message/feedback-report", text: "?" }] }))).toEqual({
      kind: "abuse",
      feedbackType: "unknown",
      originalMessageId: undefined,
    });
  });
});

describe("reports in words", () => {
  it.each([
    ["qmail", bounce("MAILER-DAEMON@e.test", "failure notice", QMAIL), "5.1.1"],
    ["Exim", bounce("Mail Delivery System <Mailer-Daemon@e.test>", "Mail delivery failed: returning message to sender", EXIM), "5.1.1"],
    ["Postfix", bounce("MAILER-DAEMON@e.test (Mail Delivery System)", "Undelivered Mail Returned to Sender", POSTFIX), "5.1.1"],
    ["Sendmail", bounce("Mail Delivery Subsystem <MAILER-DAEMON@e.test>", "Returned mail: see transcript for details", SENDMAIL), "5.1.1"],
    ["Exchange", bounce("postmaster@e.test", "Undeliverable: Printer", EXCHANGE), "5.1.1"],
    ["Exchange without its diagnostics", bounce("postmaster@e.test", "Undeliverable: Printer", EXCHANGE.split("Diagnostic")[0] ?? ""), ""],
    ["Exchange of before", bounce("System Administrator <postmaster@e.test>", "Undeliverable: Printer", OLD_EXCHANGE), "5.1.1"],
    ["one known by no return path", bounce("x@e.test", "Unzustellbar: Drucker", POSTFIX, [["return-path", "<>"]]), "5.1.1"],
  ])("%s", (_what, input, status) => {
    const read = readReport(input);
    expect(read).toMatchObject({ kind: "delivery", recipients: [{ address: "gone@e.test", action: "failed", status, isPermanent: true }] });
    if (input.parts[0]?.text.includes("essage-I")) expect(read?.originalMessageId).toBe("<ot.7.opened.abc@ours.test>");
  });

  it("a warning is no failure", () => {
    const text = "This message has not yet been delivered. You do not need to resend it.\n\n  slow@e.test\n    host mx.e.test: 451 4.7.1 greylisted\n";
    expect(readReport(bounce("Mailer-Daemon@e.test", "Warning: message delayed 24 hours", text))).toMatchObject({
      recipients: [{ address: "slow@e.test", action: "delayed", status: "4.7.1", isPermanent: false }],
    });
  });

  it("Exim names its recipients in a header too", () => {
    const input = bounce("x@e.test", "Mail failure", "unknown words", [["x-failed-recipients", "a@e.test, b@e.test"]]);
    expect(readReport(input)).toMatchObject({ recipients: [{ address: "a@e.test" }, { address: "b@e.test" }] });
  });

  it.each([
    ["quotes one", bounce("Bob <bob@e.test>", "Why did I get this?", `${EXIM}`)],
    ["writes about one", bounce("Bob <bob@e.test>", "Undeliverable: Printer", EXCHANGE)],
    ["is a postmaster", bounce("postmaster@e.test", "Printer", "It is broken, says\nann@e.test\n")],
  ])("a person who %s sends no report", (_what, input) => {
    expect(readReport(input)).toBeUndefined();
  });
});
