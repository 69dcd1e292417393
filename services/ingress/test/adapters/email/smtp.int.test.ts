import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../../../test/support/email-door.ts";
import { openDialogue, type SmtpDialogue } from "../../../../../test/support/smtp-dialogue.ts";
import { until } from "../../../../../test/support/until.ts";

let door: EmailDoorUnderTest;
let count = 0;
beforeAll(async () => {
  door = await startEmailDoor({ SMTP_MAX_MESSAGE_BYTES: "300000", SMTP_MAX_HOPS: "5", SMTP_MAX_RECIPIENTS: "3" });
});
afterAll(() => door.stop());

const mail = (more = "") => `Message-ID: <${++count}@sender.test>\r\nFrom: ada@sender.test\r\nSubject: s\r\n${more}\r\nbody\r\n`;
const greet = async (): Promise<SmtpDialogue> => {
  const dialogue = await openDialogue({ port: door.ports.smtp });
  await dialogue.say("EHLO sender.test");
  return dialogue;
};
const idIn = (answer: string | undefined) => /inb_[0-9a-f]{32}/.exec(answer ?? "")?.[0];

/** Sends a message and gives back the answer to its last dot. */
async function deliver(text: string, { to = ["support@example.test"], from = "ada@sender.test" } = {}): Promise<string> {
  const dialogue = await greet();
  await dialogue.say(`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`), "DATA");
  await dialogue.send(`${text}.\r\n`);
  const answer = await dialogue.answer();
  dialogue.leave();
  return answer;
}

describe("a message", () => {
  it("is stored as it came, with a record of it and a job for it, before its sender is told so", async () => {
    const text = mail();
    const answer = await deliver(text, { to: ["Support+tag@Example.test"] });
    expect(answer).toMatch(/^250 2\.6\.0 Stored as inb_/);
    const [record] = await door.records({ _id: idIn(answer) ?? "" });
    expect(record).toMatchObject({
      mailbox: "support@example.test",
      source: { door: "smtp", envelopeFrom: "ada@sender.test", envelopeTo: ["Support+tag@Example.test"], ip: "127.0.0.1", helo: "sender.test", isTls: false },
      messageId: `<${count}@sender.test>`,
      state: "stored",
      repetitions: 0,
      raw: { size: text.length },
    });
    expect(await door.rawOf(record)).toBe(text);
    const job = await until("the job", async () => (await door.queue.getJob(record?.requestId ?? "")) ?? undefined);
    expect(job).toMatchObject({ name: "InboundMail", data: { v: 1, inboundId: record?._id, requestId: record?.requestId } });
  });

  it("that comes again is told yes again, and is no second one", async () => {
    const text = mail();
    const first = await deliver(text);
    expect(idIn(await deliver(`Received: by another; today\r\n${text}`))).toBe(idIn(first));
    expect(await door.records({ _id: idIn(first) ?? "" })).toMatchObject([{ repetitions: 1 }]);
  });

  it("of a device that gives all its mails one Message-ID is another when its Date is, however many copies of both come at one moment", async () => {
    const dated = (day: number) => `Message-ID: <alarm@nvr.test>\r\nDate: Mon, ${day} Jan 2026 12:00:00 +0000\r\nSubject: alarm\r\n\r\nmotion\r\n`;
    const answers = await Promise.all([5, 6, 6, 5, 5, 6].map((day) => deliver(`Received: by ${++count}; now\r\n${dated(day)}`)));
    const records = await door.records({ messageId: "<alarm@nvr.test>" });
    expect(records.map(({ writtenAt }) => writtenAt?.getUTCDate()).toSorted()).toEqual([5, 6]);
    expect(records.map(({ repetitions }) => repetitions)).toEqual([2, 2]);
    for (const [at, day] of [5, 6, 6, 5, 5, 6].entries()) expect(idIn(answers[at])).toBe(records.find(({ writtenAt }) => writtenAt?.getUTCDate() === day)?._id);
    for (const { requestId } of records) await until("the job", async () => (await door.queue.getJob(requestId)) !== undefined);
  });

  it("for two departments is one message for each; recipients of one mailbox are one", async () => {
    const answer = await deliver(mail(), { to: ["support@example.test", "sales@example.test", "support+1@example.test"] });
    expect(answer.match(/inb_/g)).toHaveLength(2);
    const records = await door.records({ messageId: `<${count}@sender.test>` });
    expect(records.map(({ mailbox, source }) => [mailbox, source.envelopeTo.length])).toEqual([
      ["sales@example.test", 1],
      ["support@example.test", 2],
    ]);
    expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(2);
  });

  it("for two mailboxes of one department is one message for each", async () => {
    expect((await deliver(mail(), { to: ["support@example.test", "help@example.test"] })).match(/inb_/g)).toHaveLength(2);
  });

  it("without a sender is taken, as reports of failed delivery are", async () => {
    const answer = await deliver(mail(), { from: "" });
    expect(await door.records({ _id: idIn(answer) ?? "" })).toMatchObject([{ source: { envelopeFrom: "" } }]);
  });

  it.each([
    ['"a b"@c.example', '"a b"@c.example'],
    ['"<a> @ \\"b\\":"@c.example', '"<a> @ \\"b\\":"@c.example'],
    ['"\\a\\ b"@c.example', '"a b"@c.example'],
    ['@relay.example:"a b"@c.example', '"a b"@c.example'],
    ['"plain.name"@c.example', "plain.name@c.example"],
  ])("may be from a local part in quotes: %s", async (from, told) => {
    const answer = await deliver(mail(), { from });
    expect(await door.records({ _id: idIn(answer) ?? "" })).toMatchObject([{ source: { envelopeFrom: told } }]);
  });

  it.each<[string, string]>([
    ["dots at the beginning of lines", "Subject: dots\r\n\r\n..one\r\n....three\r\n"],
    ["no header", "just words\r\n"],
    ["nothing", ""],
    ["null bytes and eight bits", "Subject: \0\xff\xfe\r\n\r\n\0\0\x80\x81\r\n"],
    ["bare line feeds and a dot among them", "Subject: x\n\nline\n.\nRSET\n.\nmore\r\n"],
    ["a line of 100,000 bytes", `Subject: ${"x".repeat(100_000)}\r\n\r\n${"y".repeat(100_000)}\r\n`],
    ["50,000 headers", `${"X: y\r\n".repeat(40_000)}\r\nbody\r\n`],
  ])("may have any shape: %s", async (_what, text) => {
    const answer = await deliver(text);
    const [record] = await door.records({ _id: idIn(answer) ?? "" });
    expect(await door.rawOf(record)).toBe(text.replaceAll(/^\.(?=\.)/gm, ""));
  });

  it("of nodemailer, with an attachment and international addresses, is taken", async () => {
    const transport = createTransport({ host: "127.0.0.1", port: door.ports.smtp ?? 0, secure: false });
    const { response } = await transport.sendMail({
      from: "Jörg <jörg@sender.test>",
      to: "support@example.test",
      subject: "Grüße 👋",
      text: "Text",
      attachments: [{ filename: "ü.bin", content: Buffer.alloc(100_000, 1) }],
    });
    transport.close();
    expect(response).toMatch(/^250 2\.6\.0/);
  });
});

describe("a recipient", () => {
  it("may have its local part in quotes where they say nothing", async () => {
    for (const address of ['"support"@example.test', '"sup\\port+x"@Example.test'])
      expect(await door.records({ _id: idIn(await deliver(mail(), { to: [address] })) ?? "" })).toMatchObject([{ mailbox: "support@example.test" }]);
  });

  it("may be the postmaster: the first department, or the mailbox of that name", async () => {
    const mailboxOf = async (to: string) => (await door.records({ _id: idIn(await deliver(mail(), { to: [to] })) ?? "" }))[0]?.mailbox;
    const [first] = (await door.store.models.departments.find({}, { email: 1 }, { sort: { id: 1 } }).lean()) as unknown as { email: string }[];
    expect(await mailboxOf("Postmaster")).toBe(first?.email.toLowerCase());
    await door.store.models.mailboxes.create({ _id: "postmaster@example.test", address: "postmaster@example.test", deptid: 2 });
    await until("the change to be seen", async () => (await mailboxOf("postmaster")) === "postmaster@example.test");
  });
});

describe("refused are", () => {
  it.each(["nobody@example.test", "support@elsewhere.test", "ada@client.example.test", "support@example.test@evil.test", "support%evil.test@example.test"])(
    "recipients that are no mailboxes, with 550 5.1.1 and no relaying: %s",
    async (address) => {
      const [, answer] = await (await greet()).say("MAIL FROM:<a@b.test>", `RCPT TO:<${address}>`);
      expect(answer).toMatch(/^55\d 5\.1\.1|^501 5\.1\.3/);
    },
  );

  it.each(['"a b@c.example', '"a\x07b"@c.example', '"a b"c@c.example', "a b@c.example"])("senders that are no address: %s", async (from) => {
    expect((await (await greet()).say(`MAIL FROM:<${from}>`))[0]).toMatch(/^501/);
  });

  it("parameters of no extension that is offered, with 555 5.5.4", async () => {
    const dialogue = await greet();
    expect((await dialogue.say("MAIL FROM:<a@b.test> FOO=BAR"))[0]).toMatch(/^555 5\.5\.4/);
    expect((await dialogue.say("MAIL FROM:<a@b.test> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x AUTH=<>"))[0]).toMatch(/^250/);
    const answers = await dialogue.say("RCPT TO:<support@example.test> FOO", "RCPT TO:<support@example.test> NOTIFY=NEVER ORCPT=rfc822;a@b.test");
    expect(answers.map((answer) => answer.slice(0, 3))).toEqual(["555", "250"]);
  });

  it("messages that are too large, by their announcement and by their bytes", async () => {
    const dialogue = await greet();
    expect((await dialogue.say("MAIL FROM:<a@b.test> SIZE=300001"))[0]).toMatch(/^552 5\.3\.4/);
    const before = (await door.records()).length;
    expect(await deliver(`${mail()}${"x".repeat(400_000)}\r\n`)).toMatch(/^552 5\.3\.4/);
    expect(await door.records()).toHaveLength(before);
    expect((await dialogue.say("MAIL FROM:<a@b.test> SIZE=300000"))[0]).toMatch(/^250 2\.1\.0/);
  });

  it("messages that have gone through too many hosts, with 554 5.4.6", async () => {
    expect(await deliver(mail("Received: by x\r\n".repeat(5)))).toMatch(/^250/);
    expect(await deliver(mail("Received: by x\r\n".repeat(6)))).toMatch(/^554 5\.4\.6/);
  });

  it("too many recipients, with 452 4.5.3", async () => {
    const dialogue = await greet();
    const answers = await dialogue.say("MAIL FROM:<a@b.test>", ...[1, 2, 3, 4].map((n) => `RCPT TO:<support+${n}@example.test>`));
    expect(answers.at(-1)).toMatch(/^452 4\.5\.3/);
  });

  it("those who search for addresses", async () => {
    const dialogue = await greet();
    await dialogue.say("MAIL FROM:<a@b.test>");
    let last = "";
    for (let n = 0; n <= 51 && !last.startsWith("421"); n++) last = (await dialogue.say(`RCPT TO:<guess${n}@example.test>`))[0] ?? "";
    expect(last).toMatch(/^421 4\.7\.0/);
  });

  it("those who talk before the greeting, or HTTP, or without end", async () => {
    expect((await openDialogue({ port: door.ports.smtp, first: "EHLO early\r\n" })).greeting).toMatch(/^421/);
    expect((await (await greet()).say("GET / HTTP/1.1"))[0]).toMatch(/^421/);
    const endless = await greet();
    await endless.send("NOOP ".padEnd(20_000, "x"));
    expect(await endless.answer()).toMatch(/^421/);
  });
});

describe("the dialogue", () => {
  it("offers what senders look for", async () => {
    const dialogue = await openDialogue({ port: door.ports.smtp });
    expect(dialogue.greeting).toMatch(/^220 mx\.example\.test ESMTP/);
    const [offer] = await dialogue.say("EHLO sender.test");
    for (const feature of ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 300000"]) expect(offer).toContain(feature);
    for (const hidden of ["STARTTLS", "AUTH", "XCLIENT"]) expect(offer).not.toContain(hidden);
  });

  it("takes a whole envelope in one packet, and several messages on one connection", async () => {
    const dialogue = await greet();
    for (let n = 0; n < 3; n++) {
      await dialogue.say("MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "RCPT TO:<nobody@example.test>", "DATA");
      await dialogue.send(`${mail()}.\r\n`);
      expect(await dialogue.answer()).toMatch(/^250/);
    }
    expect((await dialogue.say("QUIT"))[0]).toMatch(/^221/);
  });

  it("a message that is broken off is not stored, and leaves no content", async () => {
    const before = await door.store.db.collection("blobs").countDocuments();
    const dialogue = await greet();
    await dialogue.say("MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "DATA");
    await dialogue.send(mail());
    dialogue.leave();
    await until("the door to notice", async () => (await door.metrics.expose()).body.includes('result="broken-off"'));
    expect(await door.records({ messageId: `<${count}@sender.test>` })).toEqual([]);
    expect(await door.store.db.collection("blobs").countDocuments()).toBe(before);
  });
});
