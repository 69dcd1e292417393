import { describe, expect, it } from "vitest";
import { MailRejected } from "../../src/notify/mail-rejected.ts";
import { sortSmtpFault } from "../../src/notify/smtp-faults.ts";

const kindOf = (fault: object) => {
  const sorted = sortSmtpFault(Object.assign(new Error("x"), fault));
  return sorted instanceof MailRejected ? "rejected" : sorted.because;
};

describe("a fault of the relay", () => {
  it.each([
    ["no such user", { code: "EENVELOPE", command: "RCPT TO", responseCode: 550, response: "550 5.1.1 No such user" }, "rejected"],
    ["blocked content", { code: "EMESSAGE", command: "DATA", responseCode: 554, response: "554 5.7.1 Spam" }, "rejected"],
    ["an address that is none", { code: "EENVELOPE", command: "API" }, "rejected"],
    ["a message too large for the relay", { code: "EENVELOPE", command: "MAIL FROM", responseCode: 552, response: "552 5.3.4 Too big" }, "rejected"],
    ["greylisting", { code: "EENVELOPE", command: "RCPT TO", responseCode: 450, response: "450 4.2.0 Greylisted" }, "relay"],
    ["a full disk", { code: "EMESSAGE", command: "DATA", responseCode: 452, response: "452 4.3.1" }, "relay"],
    ["commands out of order", { code: "EMESSAGE", command: "DATA", responseCode: 503, response: "503 5.5.1" }, "relay"],
    ["a relay that says 554 as its greeting", { code: "EPROTOCOL", command: "CONN", responseCode: 554, response: "554 no" }, "relay"],
    ["a refused connection", { code: "ESOCKET", command: "CONN", originalCode: "ECONNREFUSED" }, "relay"],
    ["an unknown host", { code: "EDNS", command: "CONN" }, "relay"],
    ["a time-out", { code: "ETIMEDOUT", command: "CONN" }, "relay"],
    ["our own deadline", { code: "EABORT" }, "relay"],
    ["wrong credentials", { code: "EAUTH", command: "AUTH PLAIN", responseCode: 535, response: "535 5.7.8" }, "configuration"],
    ["credentials wanted", { code: "EENVELOPE", command: "MAIL FROM", responseCode: 530, response: "530 5.7.0 Authentication required" }, "configuration"],
    ["a sender that is refused", { code: "EENVELOPE", command: "MAIL FROM", responseCode: 550, response: "550 5.7.1 not yours" }, "configuration"],
    ["relaying denied", { code: "EENVELOPE", command: "RCPT TO", responseCode: 554, response: "554 5.7.1 Relay access denied" }, "configuration"],
    ["a certificate nobody trusts", { code: "ESOCKET", command: "CONN", originalCode: "DEPTH_ZERO_SELF_SIGNED_CERT" }, "configuration"],
    ["no STARTTLS", { code: "ETLS", command: "STARTTLS", responseCode: 502 }, "configuration"],
    ["something unheard of", {}, "relay"],
  ])("%s", (_, fault, kind) => {
    expect(kindOf(fault)).toBe(kind);
  });

  /** As they were seen in the wild, or as the makers of servers document them; all to RCPT TO. */
  it.each([
    "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net; Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.1",
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
    "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
    "550 5.7.511 Access denied, banned sender [a@example.test]",
    "550 5.7.64 TenantAttribution; Relay Access Denied",
    "550 5.7.57 Client not authenticated to send mail",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "550-5.7.1 [192.0.2.1      12] Our system has detected that this message is likely\n550-5.7.1 suspicious due to the very low reputation of the sending IP address.",
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
    "550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup",
    "550 5.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
    "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
    "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list",
    "554 5.7.1 <mx.example.test[192.0.2.1]>: Client host rejected: Access denied",
    "550 5.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]",
    "504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname",
    "554 5.7.1 <a@example.test>: Recipient address rejected: Your MTA is listed in too many DNSBLs",
    "554 5.7.1 <a@example.test>: Relay access denied",
    "550 5.7.1 Relaying denied. Proper authentication required.",
    "550 relay not permitted",
    "550 5.7.0 Authentication required",
    "550 5.1.8 <a@example.test>: Sender address rejected: Domain not found",
    "553 5.7.1 <a@example.test>: Sender address rejected: not owned by user b",
    "550 5.1.0 <a@example.test>: Sender address rejected: User unknown in virtual mailbox table",
    "550-Verification failed for <a@example.test>\n550-Unrouteable address\n550 Sender verify failed",
    "554 Service currently unavailable: poor reputation, see https://senderscore.org",
    "550 rejected: 192.0.2.1 is on the blacklist",
    "554 5.7.1 Blocked",
    "550 5.3.2 System not accepting network messages",
    "554 5.3.5 Local configuration error",
    "554 5.3.0 unknown mailer error 1",
    "550 5.4.4 Unable to route: no mail hosts for domain",
    "554 5.4.6 Too many hops",
    "550 5.7.1 Daily quota exceeded",
    "538 5.7.11 Encryption required for requested authentication mechanism",
  ])("that is about us is tried again: %s", (response) => {
    for (const [code, command] of [
      ["EENVELOPE", "RCPT TO"],
      ["EMESSAGE", "DATA"],
    ])
      expect(kindOf({ code, command, responseCode: Number(response.slice(0, 3)), response })).toBe("configuration");
  });

  it.each([
    "550 5.1.1 <relay@spamhaus.example>: Recipient address rejected: User unknown in relay recipient table",
    "550 <a@example.test>: Recipient address rejected: User unknown in relay recipient table",
    "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "550 5.4.1 Recipient address rejected: Access denied. [AS(201806281)]",
    "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
    "554 5.7.1 <a@example.test>: Recipient address rejected: Access denied",
    "550 5.5.0 Requested action not taken: mailbox unavailable",
    "552 5.2.2 The email account that you tried to reach is over quota",
    "553 5.3.0 <a@example.test>... No such user here",
    "550 5.2.1 Mailbox disabled, not accepting messages",
    "556 5.1.10 Recipient address has null MX",
    "550 5.7.1 Message contains spam or virus",
    "554 5.7.1 Message blocked due to spam content in the message",
    "554 5.7.0 Reject, id=12345-01 - SPAM",
    "552 5.7.0 This message was blocked because its content presents a potential security issue.",
    "550-5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited mail.\n550-5.7.1 To reduce the amount of spam sent to Gmail, this message has been blocked.",
    "554 5.6.0 Message content rejected",
    "552 5.3.4 Message size exceeds fixed limit",
    "550 Requested action not taken",
  ])("that is about the recipient or the message is final: %s", (response) => {
    expect(kindOf({ code: "EENVELOPE", command: "RCPT TO", responseCode: Number(response.slice(0, 3)), response })).toBe("rejected");
  });

  it("is read in a moment, however much the relay says", () => {
    const startedAt = performance.now();
    const sorted = sortSmtpFault(Object.assign(new Error(`451 ${"a".repeat(1_000_000)}`), { code: "EENVELOPE", response: "451", responseCode: 451 }));
    expect(sorted.message.length).toBeLessThan(1000);
    // Without a bound it takes minutes.
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it("is told without addresses, and anything may be thrown", () => {
    const sorted = sortSmtpFault(
      Object.assign(new Error("550 <ada@example.com> unknown (bob@example.com)"), {
        code: "EENVELOPE",
        command: "RCPT TO",
        responseCode: 550,
        rejected: ["ada@example.com"],
      }),
    );
    expect(sorted.message).toBe("The relay refused the mail: 550 <(address)> unknown ((address))");
    expect(JSON.stringify([sorted.cause, String(sorted.cause)])).not.toContain("example.com");
    for (const thrown of [undefined, null, "text", 5, {}]) expect(sortSmtpFault(thrown).name).toBe("MailDelayed");
  });
});
