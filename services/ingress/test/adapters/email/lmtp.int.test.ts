import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../../../test/support/email-door.ts";
import { openDialogue, type SmtpDialogue } from "../../../../../test/support/smtp-dialogue.ts";

let door: EmailDoorUnderTest;
let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-lmtp-"));
  door = await startEmailDoor({ MAIL_SAME_MAIL: "shared", LMTP_SOCKET: join(folder, "lmtp"), SMTP_MAX_MESSAGE_BYTES: "10000" });
});
afterAll(async () => {
  await door.stop();
  await rm(folder, { recursive: true, force: true });
});

async function deliver(dialogue: SmtpDialogue, text: string, ...to: string[]): Promise<string[]> {
  await dialogue.say("MAIL FROM:<ada@sender.test>", ...to.map((address) => `RCPT TO:<${address}>`), "DATA");
  await dialogue.send(`${text}.\r\n`);
  return Promise.all(to.filter((address) => address.startsWith("support") || address.startsWith("sales")).map(() => dialogue.answer()));
}
const mail = () => `Message-ID: <${++count}@sender.test>\r\n\r\nbody\r\n`;
const greet = async (where: Parameters<typeof openDialogue>[0]) => {
  const dialogue = await openDialogue(where);
  await dialogue.say("LHLO mta.test");
  return dialogue;
};

describe("LMTP", () => {
  it("answers the dot once for each recipient that it said yes to, also for one that was named twice", async () => {
    const dialogue = await greet({ port: door.ports.lmtp });
    const answers = await deliver(dialogue, mail(), "support@example.test", "nobody@example.test", "support@example.test", "sales@example.test");
    expect(answers).toHaveLength(3);
    for (const answer of answers) expect(answer).toMatch(/^250 2\.6\.0 Stored as inb_/);
    // Nothing is left over: the next answer is that of the next command.
    expect((await dialogue.say("NOOP"))[0]).toMatch(/^250 2\.0\.0 OK/);
  });

  it("answers a refusal once for each recipient", async () => {
    const dialogue = await greet({ port: door.ports.lmtp });
    const answers = await deliver(dialogue, `${mail()}${"x".repeat(20_000)}\r\n`, "support@example.test", "sales@example.test");
    expect(answers.map((answer) => answer.slice(0, 9))).toEqual(["552 5.3.4", "552 5.3.4"]);
    expect((await dialogue.say("NOOP"))[0]).toMatch(/^250/);
  });

  it("is spoken on a socket file as well, and EHLO is none of it", async () => {
    const dialogue = await greet({ path: join(folder, "lmtp") });
    expect(await deliver(dialogue, mail(), "support@example.test")).toMatchObject([expect.stringMatching(/^250/)]);
    expect((await door.records()).at(-1)).toMatchObject({ source: { door: "lmtp", helo: "mta.test" } });
    expect((await dialogue.say("EHLO x"))[0]).toMatch(/^500/);
  });

  it.each(["missing", "lmtp"])("on a socket file in what is no folder (%s) is not to be had, and the error says what would be", async (name) => {
    const path = join(folder, name, "x");
    await expect(startEmailDoor({ LMTP_SOCKET: path })).rejects.toMatchObject({
      name: "ListenFailure",
      message: `socket:${path} cannot be made: there is no folder ${join(folder, name)}; make it, or set LMTP_SOCKET to a file in one that is there`,
    });
  });

  it("where one message may be shared, it is one in the first mailbox, also when it comes again for another", async () => {
    const dialogue = await greet({ port: door.ports.lmtp });
    const text = mail();
    await deliver(dialogue, text, "support@example.test", "sales@example.test");
    await deliver(dialogue, text, "sales@example.test");
    const records = await door.records({ messageId: `<${count}@sender.test>` });
    expect(records).toMatchObject([
      { mailbox: "support@example.test", repetitions: 1, source: { envelopeTo: ["support@example.test", "sales@example.test"] } },
    ]);
  });
});
