import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../support/email-door.ts";
import { findPostfix, LOCAL_USER, type Postfix, startPostfix } from "../support/postfix.ts";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";

const packages = await findPostfix();
const WAIT_MS = 40_000;

describe.skipIf(!packages)("a real Postfix", () => {
  let door: EmailDoorUnderTest;
  let postfix: Postfix;
  let away: TcpProxy;
  let count = 0;
  beforeAll(async () => {
    door = await startEmailDoor();
    const lmtp = `127.0.0.1:${door.ports.lmtp}`;
    away = await openTcpProxy(door.ports.lmtp ?? 0);
    postfix = await startPostfix(packages ?? [], {
      transports: {
        "support@example.test": `lmtp:inet:${lmtp}`,
        "clients@example.test": `lmtp:inet:127.0.0.1:${away.port}`,
        "example.test": "tickets:",
      },
      pipe: `--lmtp ${lmtp}`,
    });
  }, 180_000);
  afterAll(async () => {
    await postfix?.stop();
    await away?.close();
    await door?.stop();
  });

  async function send(to: string): Promise<string> {
    const transport = createTransport({ host: "127.0.0.1", port: postfix.smtpPort, secure: false, ignoreTLS: true });
    const messageId = `<${++count}@postfix.test>`;
    await transport.sendMail({ from: "ada@sender.test", to, subject: "Through Postfix", text: "Zeile 1\n.\n.Zeile 3 ä\n", messageId });
    transport.close();
    return messageId;
  }
  const arrived = (messageId: string) => until("the mail", async () => (await door.records({ messageId }))[0], WAIT_MS);
  const logged = (pattern: RegExp) => until(String(pattern), async () => pattern.test(await postfix.log()), WAIT_MS);

  it("delivers by LMTP", async () => {
    const record = await arrived(await send("support+tag@example.test"));
    expect(record).toMatchObject({
      mailbox: "support@example.test",
      source: { door: "lmtp", envelopeFrom: "ada@sender.test", envelopeTo: ["support+tag@example.test"] },
    });
    expect(await door.rawOf(record)).toMatch(/^Received: [\s\S]*mta\.test[\s\S]*\r\nZeile 1\r\n\.\r\n/);
  });

  it("delivers by the pipe transport", async () => {
    const record = await arrived(await send("sales@example.test"));
    expect(record).toMatchObject({ mailbox: "sales@example.test", source: { door: "pipe", envelopeFrom: "ada@sender.test" } });
    expect(await door.rawOf(record)).toMatch(/\r\nZeile 1\r\n\.\r\n/);
  });

  it("delivers by mailbox_command as a user of this machine", async () => {
    const record = await arrived(await send(LOCAL_USER));
    expect(record).toMatchObject({ mailbox: "support@example.test", source: { door: "pipe", envelopeFrom: "ada@sender.test" } });
    expect(await door.rawOf(record)).not.toMatch(/^From /);
  });

  it("sends back what is for no mailbox", async () => {
    await send("nobody@example.test");
    await logged(/to=<nobody@example\.test>.*status=bounced \(user unknown/);
  });

  it("keeps what the door cannot take now, and brings it later", async () => {
    await away.close();
    const messageId = await send("clients@example.test");
    await logged(/to=<clients@example\.test>.*status=deferred/);
    const again = await openTcpProxy(door.ports.lmtp ?? 0, away.port);
    expect(await arrived(messageId)).toMatchObject({ mailbox: "clients@example.test", repetitions: 0 });
    await again.close();
  });
});
