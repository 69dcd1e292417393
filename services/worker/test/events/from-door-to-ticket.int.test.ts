import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rest } from "../../../../test/support/rest.ts";
import { type Stack, startStack } from "../../../../test/support/stack.ts";
import { until } from "../../../../test/support/until.ts";
import { callWebhook, recordsOf, setUpSource } from "../../../../test/support/webhook-calls.ts";

const TOKEN = "a token";
let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  const defaults = { deptid: 1, email: "monitoring@example.test" };
  await setUpSource(stack, { name: "alerts", kind: "alertmanager", secret: TOKEN, defaults });
  await setUpSource(stack, { name: "plain", kind: "json", secret: TOKEN, settings: { idPointer: "/id" }, defaults: { ...defaults, name: "Shop" } });
  await setUpSource(stack, {
    name: "broken",
    kind: "json",
    secret: TOKEN,
    mapping: { ticket: { subject: "$match(text, /^(a+)+$/)", message: "text" } },
    defaults,
  });
});
afterAll(async () => {
  await stack.store.db.dropDatabase();
  await stack.stop();
});

const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
const call = (source: string, event: unknown) => callWebhook(stack, source, { headers, body: JSON.stringify(event) });
const decided = (source: string, count: number) =>
  until(`${count} decided events of ${source}`, async () => {
    const records = (await recordsOf(stack, source)).filter(({ state }) => state !== "stored");
    return records.length === count && records;
  });

describe("from the door to the ticket", () => {
  it("alerts of a group are one ticket, which shows them, and which is closed when they are over", async () => {
    const group = (startsAt: string, status = "firing") => ({
      version: "4",
      groupKey: '{}:{alertname="Disk"}',
      status,
      commonLabels: { alertname: "Disk", severity: "critical" },
      commonAnnotations: { summary: "Disk full" },
      alerts: [{ status, labels: { alertname: "Disk" }, annotations: {}, startsAt }],
    });
    for (const at of ["2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z", "2026-11-01T12:00:00Z"]) expect((await call("alerts", group(at))).status).toBe(200);
    // Sent again unchanged: the same event.
    await call("alerts", group("2026-11-01T12:00:00Z"));
    const records = await decided("alerts", 3);
    const { id } = records[0]?.ticket ?? {};
    const path = `/v1/tickets/${id}`;
    expect((await rest(stack, "GET", path)).body).toMatchObject({
      status: "Open",
      subject: "Disk full",
      priority: "High",
      opener: { kind: "guest", name: "Alertmanager", email: "monitoring@example.test" },
      source: { channel: "webhook", webhook: "alerts" },
      occurrences: { count: 3, recent: [{ state: "firing" }, { state: "firing" }, { state: "firing" }] },
    });
    await call("alerts", group("2026-11-01T12:00:00Z", "resolved"));
    await decided("alerts", 4);
    expect((await rest(stack, "GET", path)).body).toMatchObject({
      status: "Closed",
      occurrences: { count: 3, recent: { length: 4, 0: { state: "resolved" } } },
    });
  });

  it("an event is a ticket by its fields, once, and nobody is written to but the staff", async () => {
    const event = { id: "evt-1", subject: "It burns", message: "On fire." };
    await call("plain", event);
    await call("plain", event);
    const [record] = await decided("plain", 1);
    const { body } = await rest(stack, "GET", `/v1/tickets/${record?.ticket?.id}`);
    expect(body).toMatchObject({ subject: "It burns", message: "On fire.", opener: { name: "Shop" } });
    expect(body).not.toHaveProperty("occurrences");
    expect(body.deliveries).toEqual([expect.objectContaining({ key: "mail:staff:agent" })]);
  });

  it("an expression without end holds up no other event, and its own waits for an operator", async () => {
    await call("broken", { text: `${"a".repeat(50)}!` });
    await call("plain", { id: "evt-2", subject: "s", message: "m" });
    await decided("plain", 2);
    const [record] = await decided("broken", 1);
    expect(record).toMatchObject({ state: "quarantined", reason: { code: "mapping_failed", text: expect.stringContaining("500 ms") } });
    const { body } = await rest(stack, "GET", `/v1/inbound/${record?._id}`);
    expect(body).toMatchObject({ mailbox: "webhook:broken", state: "quarantined" });
  });
});
