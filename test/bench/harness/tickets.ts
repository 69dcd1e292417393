import { randomBytes, randomInt } from "node:crypto";

/** Message text that makes a whole command about 1 kB of JSON. */
const MESSAGE = "The quick brown fox jumps over the lazy dog, and the printer is on fire again. ".repeat(8);

/** A department without staff, so that no mails are owed. */
export const BENCH_DEPARTMENT = 900;
/** A department that answers each opener by mail. */
export const MAILING_DEPARTMENT = 901;

/** Parameters of a valid ticket of a guest that causes no mail. */
export function sampleTicket() {
  return {
    deptid: BENCH_DEPARTMENT,
    subject: "A ticket of a benchmark",
    message: MESSAGE,
    name: "Ada Lovelace",
    email: "ada@example.test",
    priority: "Medium",
    noemail: true,
  };
}

const WORDS =
  "after again answer because before being between called change client could customer domain email error every first found from have help hour invoice issue just know last like login made message more need number only order other password people please problem renew reply right same server service should since site some still system than thank that their them then there these they thing this ticket time today tried under until very want webmail week what when where which while will with without work would wrong year your".split(
    " ",
  );

/** A message of the same length of which no two are alike: a database compresses what repeats. */
export function freshMessage(): string {
  let text = "";
  while (text.length < MESSAGE.length) text += `${WORDS[randomInt(WORDS.length)]} `;
  return text;
}

/** A command around it, as the doors write it. */
export function sampleCommand(replyTo?: string, ticket: object = sampleTicket()) {
  return {
    v: 1,
    requestId: `req_${randomBytes(16).toString("hex")}`,
    source: { channel: "bench" },
    receivedAt: new Date().toISOString(),
    ...(replyTo !== undefined && { replyTo: { queue: replyTo } }),
    ticket,
  };
}

/** The mailbox of {@link BENCH_DEPARTMENT}. */
export const BENCH_MAILBOX = "bench-mail@example.test";

/** A mail of about 2 kB as common programs write it, with a name of its own; lines end in CRLF. */
export function sampleMail(): string {
  const id = randomBytes(12).toString("hex");
  const html = `<html><body><p>${MESSAGE}</p></body></html>`;
  return [
    "Received: from client.example.test by relay.example.test with ESMTPS; Thu, 1 Jan 2026 12:00:00 +0000",
    `Message-ID: <${id}@bench.example.test>`,
    "Date: Thu, 1 Jan 2026 12:00:00 +0000",
    // Many senders: one alone would soon be over its limit.
    `From: Ada Lovelace <ada-${id}@bench.example.test>`,
    `To: ${BENCH_MAILBOX}`,
    "Subject: =?utf-8?Q?A_mail_of_a_benchmark?=",
    "MIME-Version: 1.0",
    `Content-Type: multipart/alternative; boundary="${id}"`,
    "",
    `--${id}`,
    "Content-Type: text/plain; charset=utf-8",
    "",
    folded(MESSAGE),
    `--${id}`,
    "Content-Type: text/html; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    (
      Buffer.from(html)
        .toString("base64")
        .match(/.{1,76}/g) ?? []
    ).join("\r\n"),
    `--${id}--`,
    "",
  ].join("\r\n");
}

function folded(text: string): string {
  return (text.match(/.{1,72}/g) ?? []).join("\r\n");
}
