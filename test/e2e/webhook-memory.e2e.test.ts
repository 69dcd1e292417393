import { afterEach, beforeEach, expect, it } from "vitest";
import { DOOR, type Fleet, makeFleet } from "../support/fleet.ts";
import { rest } from "../support/rest.ts";
import { peakRssOfPid } from "../support/usage.ts";
import { callWebhook } from "../support/webhook-calls.ts";

const LOGIN = "openticket:a-long-password";
const MIB = 1024 * 1024;
/** Of a door: what it takes at rest, and by default for webhooks, and some. It was 860 MiB, and is 530. */
const MOST_BYTES = 640 * MIB;

let fleet: Fleet;
beforeEach(async () => {
  fleet = await makeFleet();
});
afterEach(() => fleet.stop());

/** A mail with a file, as Postmark tells of the largest: whole, and in its parts. */
function largestCall(id: string): string {
  const file = `${id}${"QUJD".repeat(9 * MIB)}`;
  const raw = `From: Gus <gus@guest.example>\r\nTo: support@example.test\r\nMessage-ID: <${id}@guest.example>\r\n\r\nGrüße für 10 €\r\n${file}\r\n`;
  const Attachments = [{ Name: "a.bin", ContentType: "application/octet-stream", Content: file }];
  return JSON.stringify({ MessageID: id, OriginalRecipient: "support@example.test", RawEmail: raw, Attachments });
}

it("calls of 72 MiB that come at once do not take a door beyond its memory, and all get through in the end", async () => {
  const door = await fleet.start(DOOR, { SECRETS_KEY: Buffer.alloc(32, 1).toString("base64") });
  const stack = { httpUrl: door.url, credentials: fleet.credentials };
  const { status } = await rest(stack, "POST", "/v1/webhook-sources", { body: JSON.stringify({ name: "postmark", kind: "postmark", secret: LOGIN }) });
  expect(status).toBe(201);
  const authorization = `Basic ${Buffer.from(LOGIN).toString("base64")}`;
  const call = async (id: string) => (await callWebhook(stack, "postmark", { body: largestCall(id), headers: { authorization } })).status;
  const statuses = await Promise.all([call("m1"), call("m2")]);
  expect(statuses).toContain(200);
  expect([200, 503]).toEqual(expect.arrayContaining(statuses));
  expect([await call("m1"), await call("m2")]).toEqual([200, 200]);
  expect(peakRssOfPid(door.pid)).toBeLessThan(MOST_BYTES);
});
