import { randomBytes } from "node:crypto";
import { eventIdOf, webhookEvent } from "@openticket/contract";
import { makeMongoEndpoints, makeMongoReplyStore } from "@openticket/store";
import { makeEndpoint, makeSecretBox, newEndpointForm, secretOf } from "@openticket/webhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replyDraft } from "../../../../shared/store/test/testkit/reply-store.suite.ts";
import { type Receiver, startReceiver, verified } from "../../../../test/support/event-receiver.ts";
import { postTicket, rest } from "../../../../test/support/rest.ts";
import { type Stack, startStack } from "../../../../test/support/stack.ts";
import { until } from "../../../../test/support/until.ts";

const SECRETS_KEY = randomBytes(32).toString("base64");
const box = makeSecretBox(SECRETS_KEY);
const TICKET = { deptid: 1, subject: "Printer on fire", message: "It **burns**.", name: "Ada", email: "ada@example.test", noemail: true };

let stack: Stack;
let everything: Receiver;
let sales: Receiver;
const secret = secretOf(randomBytes(32));
beforeAll(async () => {
  [everything, sales] = [await startReceiver(), await startReceiver()];
  stack = await startStack({ env: { SECRETS_KEY, EVENTS_ALLOWED_NETWORKS: "127.0.0.0/8" } });
});
afterAll(async () => {
  await stack.stop();
  await everything.close();
  await sales.close();
});

async function addEndpoint(given: object): Promise<void> {
  const now = new Date();
  const endpoint = makeEndpoint(newEndpointForm(["127.0.0.0/8"]).parse(given), { id: "s1", sealed: box.seal(secret), createdAt: now }, now);
  await makeMongoEndpoints(stack.store).create(endpoint);
}
/** The call about a request, or a ticket. */
const callOf = (receiver: Receiver, type: string, about: (data: Record<string, unknown>) => boolean) =>
  until(`${type} is told`, () => receiver.calls.find(({ event }) => event.type === type && about(event.data)));
const ticketIdIn = ({ ticket }: Record<string, unknown>) => (ticket as { id: number }).id;

describe("without endpoints", () => {
  it("a ticket, its reply and a rejection hold not one field for events, and nothing is stored", async () => {
    const { body } = await postTicket(stack, TICKET);
    await rest(stack, "POST", `/v1/tickets/${body.id}/replies`, {
      body: JSON.stringify({ message: "m", adminusername: "admin" }),
      headers: { "content-type": "application/json" },
    });
    expect((await postTicket(stack, { ...TICKET, deptid: 999 })).status).toBe(422);
    const collections = ["tickets", "replies", "rejections"].map((name) => stack.store.db.collection(name).find().toArray());
    const stored = JSON.stringify(await Promise.all(collections));
    expect(stored).not.toMatch(/"event|tellsOfStatus/);
    const rejections = await stack.store.db
      .collection("rejections")
      .find({ $or: [{ outbox: { $exists: true } }, { dueAt: { $exists: true } }] })
      .toArray();
    expect(rejections).toEqual([]);
    expect(await stack.store.db.collection("webhookcalls").countDocuments()).toBe(0);
  });
});

describe("with endpoints", () => {
  beforeAll(async () => {
    const events = ["ticket.opened", "ticket.reply.added", "ticket.status.changed", "request.rejected"];
    await addEndpoint({ name: "everything", url: everything.url, events });
    await addEndpoint({ name: "sales", url: sales.url, events, deptids: [2] });
    await until("the worker knows them", async () => {
      await postTicket(stack, { ...TICKET, deptid: 2 });
      return sales.calls.length > 0;
    });
  });

  it("an opened ticket is told of, signed, once to each that wants its department", async () => {
    const { body } = await postTicket(stack, TICKET);
    const call = await callOf(everything, "ticket.opened", (data) => ticketIdIn(data) === body.id);
    expect(verified(secret, call)).toEqual(call.event);
    expect(webhookEvent.parse(call.event)).toMatchObject({
      data: {
        requestId: body.requestId,
        message: TICKET.message,
        ticket: { tid: body.tid, deptid: 1, subject: TICKET.subject, status: "Open", opener: { email: TICKET.email } },
      },
    });
    expect(call.text).not.toContain(String(body.c));
    await until("its outbox is done", async () => (await stack.store.db.collection("tickets").findOne({ id: body.id, dueAt: { $exists: false } })) !== null);
    expect(sales.calls.filter(({ event }) => event.type === "ticket.opened" && ticketIdIn(event.data) === body.id)).toEqual([]);
  });

  it("a reply is told of, and so is the status that it gives its ticket; a second one of the same status changes nothing", async () => {
    const { body } = await postTicket(stack, TICKET);
    const answer = (message: string) =>
      rest(stack, "POST", `/v1/tickets/${body.id}/replies`, {
        body: JSON.stringify({ message, adminusername: "admin" }),
        headers: { "content-type": "application/json" },
      });
    await answer("We look at it.");
    const added = await callOf(everything, "ticket.reply.added", (data) => ticketIdIn(data) === body.id);
    expect(webhookEvent.parse(added.event)).toMatchObject({ data: { reply: { message: "We look at it.", author: { kind: "admin" } } } });
    const changed = await callOf(everything, "ticket.status.changed", (data) => ticketIdIn(data) === body.id);
    expect(webhookEvent.parse(changed.event)).toMatchObject({
      data: { previousStatus: "Open", status: "Answered", ticket: { tid: body.tid, status: "Answered" } },
    });
    await answer("It is out.");
    await until(
      "the second reply is told of",
      () => everything.calls.filter(({ event }) => event.type === "ticket.reply.added" && ticketIdIn(event.data) === body.id).length === 2,
    );
    expect(everything.calls.filter(({ event }) => event.type === "ticket.status.changed" && ticketIdIn(event.data) === body.id)).toHaveLength(1);
  });

  it("a rejection is told of once, however often its request comes again", async () => {
    const headers = { "idempotency-key": "rejected-1" };
    const { body } = await postTicket(stack, { ...TICKET, deptid: 999 }, headers);
    await postTicket(stack, { ...TICKET, deptid: 999 }, headers);
    const call = await callOf(everything, "request.rejected", ({ requestId }) => requestId === body.requestId);
    expect(webhookEvent.parse(call.event)).toMatchObject({ data: { deptid: 999, errors: [{ code: "department_not_found" }] } });
    await until("its outbox is done", async () => (await stack.store.db.collection("rejections").countDocuments({ dueAt: { $exists: true } })) === 0);
    expect(everything.calls.filter(({ event }) => event.type === "request.rejected")).toHaveLength(1);
    expect(sales.calls.filter(({ event }) => event.type === "request.rejected")).toEqual([]);
  });

  it("what a process that died has stored is told by the relay, under the name that it would have had", async () => {
    const { body } = await postTicket(stack, TICKET);
    const overdue = new Date(Date.now() - 1000);
    const replies = makeMongoReplyStore(stack.store, { now: () => new Date() });
    const event = { type: "ticket.reply.added", id: eventIdOf("ticket.reply.added", "orphan"), at: overdue } as const;
    const outbox = [{ key: "event:ticket.reply.added", kind: "event" as const, event, attempts: 0 }];
    await until(
      "the ticket owes nothing",
      async () => (await stack.store.db.collection("tickets").countDocuments({ id: body.id, dueAt: { $exists: true } })) === 0,
    );
    const ticketId = Number(body.id);
    const added = await replies.add(
      replyDraft({ _id: "orphan", requestId: "orphan", ticketId, status: "Closed", tellsOfStatus: true, outbox, dueAt: overdue }),
      { mayHaveTwin: () => false },
    );
    const replyId = added.kind === "added" ? added.reply.replyId : 0;
    const told = await callOf(everything, "ticket.reply.added", ({ requestId }) => requestId === "orphan");
    expect(told.id).toBe(event.id);
    const changed = await callOf(everything, "ticket.status.changed", (data) => ticketIdIn(data) === body.id);
    expect(changed).toMatchObject({ id: eventIdOf("ticket.status.changed", String(replyId)), event: { data: { previousStatus: "Open", status: "Closed" } } });
    await until("nothing is owed any more", async () => {
      const owing = ["tickets", "replies"].map((name) => stack.store.db.collection(name).countDocuments({ dueAt: { $lte: new Date() } }));
      return (await Promise.all(owing)).every((count) => count === 0);
    });
  });
});
