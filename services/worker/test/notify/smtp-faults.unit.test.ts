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
