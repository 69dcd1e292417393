import type { Receipt } from "@openticket/contract";
import { makeMongoCalls } from "@openticket/store";
import { makeCall } from "@openticket/webhooks";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../test/support/email-door.ts";
import { postTicket, rest } from "../../../test/support/rest.ts";
import { openDialogue } from "../../../test/support/smtp-dialogue.ts";
import { type Stack, startStack } from "../../../test/support/stack.ts";
import { callWebhook, recordsOf, setUpSource, signedStandard } from "../../../test/support/webhook-calls.ts";

const HOUR_MS = 3_600_000;
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

let stack: Stack;
let mailDoor: EmailDoorUnderTest;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 2 * HOUR_MS });
  [stack, mailDoor] = await Promise.all([startStack({ withWorker: false }), startEmailDoor()]);
  await setUpSource(stack, { name: "signed", kind: "standard-webhooks", secret: WHSEC });
});
afterAll(async () => {
  vi.useRealTimers();
  await stack.store.db.dropDatabase();
  await Promise.all([stack.stop(), mailDoor.stop()]);
});

async function storeTimeMs(): Promise<number> {
  const { localTime } = await stack.store.db.admin().command({ hello: 1 });
  return localTime.getTime();
}
/** Hours between that instant and the store's time. */
const hoursOff = async (at: Date | undefined) => Math.round(Math.abs((at?.getTime() ?? 0) - (await storeTimeMs())) / HOUR_MS);

describe("a door whose clock is two hours behind", () => {
  it("has requests looked at in time", async () => {
    const ticket = { deptid: 1, name: "Ada", email: "ada@example.com", subject: "s", message: "m" };
    const { status, body } = await postTicket(stack, ticket, { prefer: "respond-async" });
    expect(status).toBe(202);
    const receipt = await stack.store.db.collection<Receipt>("receipts").findOne({ _id: body.requestId ?? "" });
    expect(await hoursOff(receipt?.checkAt)).toBe(0);
  });

  it("has mails looked at in time", async () => {
    const dialogue = await openDialogue({ port: mailDoor.ports.smtp });
    await dialogue.say("EHLO sender.test", "MAIL FROM:<ada@sender.test>", "RCPT TO:<support@example.test>", "DATA");
    await dialogue.send("Message-ID: <1@sender.test>\r\n\r\nbody\r\n.\r\n");
    expect(await dialogue.answer()).toMatch(/^250 /);
    dialogue.leave();
    const [record] = await mailDoor.records();
    expect(await hoursOff(record?.checkAt)).toBe(0);
  });

  it("takes calls of webhooks that are signed now, and has them looked at in time", async () => {
    const { status } = await callWebhook(stack, "signed", { body: "{}", headers: signedStandard(WHSEC, "msg_1", "{}", await storeTimeMs()) });
    expect(status).toBe(200);
    const [record] = await recordsOf(stack, "signed");
    expect(await hoursOff(record?.checkAt)).toBe(0);
  });

  it("has a call to an endpoint sent again at once", async () => {
    const calls = makeMongoCalls(stack.store);
    const call = makeCall({ eventId: "evt_1", endpoint: "crm", type: "ticket.opened", body: "{}", now: new Date(0) });
    await calls.owe(call);
    await rest(stack, "POST", `/v1/webhook-deliveries/${call._id}/replay`);
    expect(await hoursOff((await calls.find(call._id))?.dueAt)).toBe(0);
  });
});
