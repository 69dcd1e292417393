import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { peekAtMail } from "../../src/intake/mail-identity.ts";

const MAIL = "Message-ID: <1@a.test>\r\nSubject: Hello\r\n\r\nOne\r\n\r\nTwo\r\n";

/** What is seen of a message that comes in pieces of `size` bytes. */
function identityOf(text: string | Buffer, size = 7) {
  const bytes = Buffer.from(text);
  const peek = peekAtMail();
  for (let at = 0; at < bytes.length; at += size) peek.see(bytes.subarray(at, at + size));
  return { hops: peek.hops(), ...peek.end() };
}
const fingerprint = (text: string | Buffer, size?: number) => identityOf(text, size).fingerprint;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("the same message", () => {
  it.each<[string, string]>([
    ["over another way", `Received: from x by y; Monday\r\n${MAIL}`],
    ["with folded trace headers", `Received: from x\r\n\tby y\r\n for z\r\nX-Spam: no\r\n${MAIL}`],
    ["with bare line feeds", MAIL.replaceAll("\r\n", "\n")],
    ["with blank lines at its end", `${MAIL}\r\n\r\n\r\n`],
    ["without its last line end", MAIL.trimEnd()],
    ["with its Message-ID folded and in another case", MAIL.replace("Message-ID: <", "MESSAGE-id:\r\n <")],
    ["with another subject, as lists make it", MAIL.replace("Hello", "[list] Hello")],
  ])("%s is the same", (_what, other) => {
    expect(fingerprint(other)).toBe(fingerprint(MAIL));
  });

  it.each([1, 2, 3, 64, 1000])("is the same in pieces of %i bytes", (size) => {
    expect(identityOf(MAIL, size)).toEqual(identityOf(MAIL, 1000));
  });

  it.each([1, 5000, 100_000])("may have %i blank lines within", (count) => {
    const text = `${MAIL}${"\n".repeat(count)}end`;
    expect(fingerprint(text, 4096)).toBe(fingerprint(text, text.length));
    expect(fingerprint(text)).not.toBe(fingerprint(`${MAIL}end`));
  });
});

describe("another message", () => {
  it.each<[string, string]>([
    ["of another body", MAIL.replace("Two", "Three")],
    ["of which lines are joined", MAIL.replace("One\r\n\r\nTwo", "One\r\nTwo")],
    ["of another Message-ID", MAIL.replace("<1@", "<2@")],
    ["without a Message-ID", MAIL.replace(/^.*\r\n/, "")],
  ])("%s is another", (_what, other) => {
    expect(fingerprint(other)).not.toBe(fingerprint(MAIL));
  });
});

describe("without a Message-ID", () => {
  const bare = "Date: Thu, 1 Jan 2026 12:00:00 +0000\nFrom: a@a.test\nSubject: s\n\nbody";

  it("date, sender and subject stand for it", () => {
    expect(fingerprint(`Received: by z\n${bare}`)).toBe(fingerprint(bare));
    for (const [from, to] of [
      ["12:00", "12:01"],
      ["a@a", "b@a"],
      [": s", ": t"],
    ] as const)
      expect(fingerprint(bare.replace(from, to))).not.toBe(fingerprint(bare));
    expect(identityOf(bare).messageId).toBeUndefined();
  });

  it.each(["<>", "< >", "<\r\n >"])("neither does %j, which names nothing; the Date counts as it is meant, not as it is written", (empty) => {
    const alarm = (date: string) => `Message-ID: ${empty}\n${bare.replace("Thu, 1 Jan 2026 12:00:00 +0000", date)}`;
    const dates = ["Thu, 1 Jan 2026 12:00:00 +0000", "1 Jan 26 13:00 CET", "1 Jan 26 13:01 CET", "noon"];
    const [one, anew, later, unknown] = dates.map((date) => identityOf(alarm(date)));
    expect(one?.messageId).toBeUndefined();
    expect(anew?.fingerprint).toBe(one?.fingerprint);
    expect(new Set([one, later, unknown].map((identity) => identity?.fingerprint)).size).toBe(3);
  });

  it("names that are stored stay: where there is none at all, or a blank one, the Date counts as it is written", () => {
    expect(fingerprint(`Message-ID: \n${bare}`)).toBe(fingerprint(bare));
    const named = "Thu, 1 Jan 2026 12:00:00 +0000\na@a.test\ns";
    expect(fingerprint(bare)).toBe(sha256(`derived\0${named}\0${sha256("body")}`));
  });

  it("and without a Date, the header of the first host that took it stands for that", () => {
    const alarm = "From: ups@dev.example\nSubject: UPS on battery\n\nbody";
    const [taken, again] = ["Received: by relay id 1;\n\tMon\n", "Received: by relay id 2;\n\tTue\n"].map((received) => `${received}${alarm}`);
    expect(fingerprint(`Received: by z\n${taken}`)).toBe(fingerprint(taken ?? ""));
    expect(fingerprint(again ?? "")).not.toBe(fingerprint(taken ?? ""));
    expect([MAIL, bare, taken ?? "", alarm, ""].map((text) => identityOf(text).isTimed)).toEqual([true, true, true, false, false]);
  });

  it.each(["", "no header at all", "\0\x01\x02", "From: a@a.test"])("and without a body the bytes tell %j from others", (text) => {
    expect(fingerprint(text)).toBe(fingerprint(text));
    expect(fingerprint(text)).not.toBe(fingerprint(`${text}x`));
  });
});

describe("what is held", () => {
  it("is little of a header without end", () => {
    const { messageId } = identityOf(`Message-ID: <${"x".repeat(1_000_000)}\r\n ${"y".repeat(1_000_000)}>\r\n\r\nbody`, 65_536);
    expect(messageId?.length).toBeLessThanOrEqual(2000);
  });

  it("counts the hosts that handed the message on, in its header alone", () => {
    expect(identityOf(`${"Received: by x\r\n\tfor y\r\n".repeat(30)}${MAIL}Received: by z\r\n`).hops).toBe(30);
  });
});
