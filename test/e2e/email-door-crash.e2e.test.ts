import { createHash } from "node:crypto";
import type { InboundRecord } from "@openticket/contract";
import { connectStore, makeMongoBlobStore, type StoreConnection, seedExampleData } from "@openticket/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmailProcess, startEmailProcess } from "../support/email-process.ts";
import { testMongoUrl, uniqueName } from "../support/servers.ts";
import { openDialogue } from "../support/smtp-dialogue.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;

let name: string;
let store: StoreConnection;
beforeAll(async () => {
  name = uniqueName("mailcrash");
  store = await connectStore({ url: testMongoUrl(name), appName: "test", serverSelectionTimeoutMs: 5000 });
  await seedExampleData(store);
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

const inbound = () => store.db.collection<InboundRecord>("inbound");
const mail = (n: string, size = 200) => `Message-ID: <${n}@crash.test>\r\nSubject: s\r\n\r\n${"0123456789\r\n".repeat(size / 12)}`;

/** Sends one mail after the other until the door is gone; the numbers of those that were told yes. */
async function sendUntilGone({ smtpPort }: EmailProcess, label: string, acknowledged: Map<string, string>): Promise<void> {
  const dialogue = await openDialogue({ port: smtpPort });
  await dialogue.say("EHLO crash.test");
  for (let n = 0; ; n++) {
    const text = mail(`${label}-${n}`, 200 + n * 12);
    const answers = await dialogue.say("MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "DATA");
    if (answers.includes("")) return;
    // In two halves, so that the end may come between any two bytes.
    await dialogue.send(text.slice(0, text.length / 2));
    await dialogue.send(`${text.slice(text.length / 2)}.\r\n`);
    const answer = await dialogue.answer();
    if (answer === "") return;
    if (answer.startsWith("250")) acknowledged.set(`<${label}-${n}@crash.test>`, createHash("sha256").update(text).digest("hex"));
  }
}

describe("SIGKILL of the email door", () => {
  it("at any moment: what was told yes is stored whole, and nothing twice", { timeout: 120_000 }, async () => {
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < 6; round++) {
      const door = await startEmailProcess(name);
      const before = acknowledged.size;
      const senders = [0, 1, 2, 3].map((sender) => sendUntilGone(door, `${round}-${sender}`, acknowledged));
      await until("some mails", () => acknowledged.size >= before + 5 + round * 7);
      await door.kill("SIGKILL");
      await Promise.all(senders);
    }
    expect(acknowledged.size).toBeGreaterThan(50);
    const blobs = makeMongoBlobStore(store);
    for (const [messageId, sha256] of acknowledged) {
      const records = await inbound().find({ messageId }).toArray();
      expect(records, messageId).toMatchObject([{ raw: { sha256 }, state: "stored" }]);
      expect(await hashOf(await blobs.open(sha256))).toBe(sha256);
    }
  });
});

async function hashOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of content) hash.update(chunk);
  return hash.digest("hex");
}

describe("the email door as a process", () => {
  let door: EmailProcess;
  beforeAll(async () => {
    door = await startEmailProcess(name);
  });
  afterAll(() => door.kill("SIGKILL"));

  it("takes a mail of 25 MB with less than 64 MiB of memory", { timeout: 60_000 }, async () => {
    const dialogue = await openDialogue({ port: door.smtpPort });
    await dialogue.say("EHLO big.test");
    const send = async (n: string, size: number) => {
      await dialogue.say("MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "DATA");
      await dialogue.send(`${mail(n, size)}.\r\n`);
      expect(await dialogue.answer()).toMatch(/^250/);
    };
    for (let n = 0; n < 20; n++) await send(`warm-${n}`, 12_000);
    const before = door.usage().rssBytes;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, door.usage().rssBytes);
    }, 5);
    await send("big", 25 * MIB).finally(() => clearInterval(timer));
    expect((peak - before) / MIB).toBeLessThan(64);
    expect((await inbound().find({ messageId: "<big@crash.test>" }).toArray())[0]?.raw.size).toBeGreaterThan(25_000_000);
  });

  it("tells health, readiness and metrics", async () => {
    expect((await fetch(`${door.operationsUrl}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${door.operationsUrl}/readyz`)).json()).toMatchObject({ isReady: true, checks: { mongodb: "ok", redis: "ok" } });
    const metrics = await (await fetch(`${door.operationsUrl}/metrics`)).text();
    for (const metric of ["mail_messages_total", "mail_message_seconds", "mail_connections"]) expect(metrics).toContain(`openticket_${metric}`);
  });

  it("finishes the message in hand when it is stopped, and takes no other", async () => {
    const dialogue = await openDialogue({ port: door.smtpPort });
    const idle = await openDialogue({ port: door.smtpPort });
    await dialogue.say("EHLO x", "MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "DATA");
    await dialogue.send(mail("last").slice(0, 50));
    const stopped = door.stop();
    expect(await idle.answer()).toMatch(/^421 4\.3\.2/);
    await dialogue.send(`${mail("last").slice(50)}.\r\n`);
    expect(await dialogue.answer()).toMatch(/^250/);
    expect((await dialogue.say("NOOP"))[0]).toMatch(/^421/);
    await stopped;
    expect(await door.ended).toBe(0);
    expect(await inbound().countDocuments({ messageId: "<last@crash.test>" })).toBe(1);
  });
});
