import { NOT_IN_STANDING_REPLY, type ReplyRecord } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { auditStore, connectStore, makeMongoReplyStore, makeMongoTicketStore, type StoreConnection } from "../src/index.ts";
import { ALONE, replyDraft, replyStoreSuite } from "./testkit/reply-store.suite.ts";
import { draft, rejection } from "./testkit/ticket-store.suite.ts";

const opened: StoreConnection[] = [];
const now = () => new Date();
const numbers = { tid: (id: number) => String(id), accessCode: () => "code" };
const connect = async (name = uniqueName("replies")) => {
  const store = await connectStore({ url: testMongoUrl(name), appName: "test", serverSelectionTimeoutMs: 5000 });
  opened.push(store);
  return store;
};
const storesOn = (store: StoreConnection) => ({ tickets: makeMongoTicketStore(store, { numbers, now }), replies: makeMongoReplyStore(store, { now }) });

afterAll(async () => {
  for (const store of opened) {
    await store.db.dropDatabase().catch(() => {});
    await store.close();
  }
});

describe("replies in MongoDB", () => {
  replyStoreSuite(async () => storesOn(await connect()));
});

describe("a process that died between the reply and its ticket", () => {
  let store: StoreConnection;
  beforeAll(async () => {
    store = await connect();
  });

  /** As such a process leaves it: the reply, and a ticket that knows nothing of it. */
  async function leave(ticketId: number): Promise<ReplyRecord> {
    const reply = { ...replyDraft({ ticketId, status: "Answered" }), replyId: 1_000_000 + ticketId };
    await store.db.collection<ReplyRecord>("replies").insertOne(reply);
    return reply;
  }
  async function open(): Promise<number> {
    const commit = await storesOn(store).tickets.commit(draft());
    return commit.kind === "opened" ? commit.ticket.id : 0;
  }

  it("is found by the audit, and made good by a second run", async () => {
    const { tickets, replies } = storesOn(store);
    const id = await open();
    const reply = await leave(id);
    const audit = await auditStore(store, { now: now(), overdueMs: 1000 });
    expect(audit.differences).toContainEqual(expect.objectContaining({ kind: "reply-without-effect", about: reply.requestId }));
    const { replyId, ...again } = reply;
    expect(await replies.add(again, ALONE)).toMatchObject({ kind: "exists", reply: { replyId } });
    expect(await tickets.findById(id)).toMatchObject({ status: "Answered", replyIds: [replyId] });
  });

  it("or by the relay, many times", async () => {
    const { tickets, replies } = storesOn(store);
    const id = await open();
    const reply = await leave(id);
    await Promise.all(Array.from({ length: 5 }, () => replies.applyToTicket(reply)));
    expect(await tickets.findById(id)).toMatchObject({ status: "Answered", replyIds: [reply.replyId] });
  });
});

it("nothing that may be large is read of a reply to answer its request again, and its ticket is changed all the same", async () => {
  const store = await connect();
  const { tickets, replies } = storesOn(store);
  const commit = await tickets.commit(draft());
  const ticketId = commit.kind === "opened" ? commit.ticket.id : 0;
  const customfields = [{ id: 1, value: "v" }];
  const left = replyDraft({ _id: "left", requestId: "its-name", ticketId, customfields, fullText: "the whole mail" });
  await store.db.collection("replies").insertOne({ ...left, replyId: 7, alias: "its-name" } as never);

  const again = await replies.add(left, ALONE);
  expect(again).toMatchObject({ kind: "exists", reply: { replyId: 7, fingerprint: "f" } });
  expect(await tickets.findById(ticketId)).toMatchObject({ replyIds: [7], customfields });
  if (again.kind === "exists") for (const field of ["message", "fullText", "attachments", "decisions"]) expect(again.reply).not.toHaveProperty(field);

  const refused = await tickets.reject(rejection({ _id: "left" }));
  const found = [
    refused.kind === "added" && refused.reply,
    await replies.findByIdentity("left"),
    ...(await Promise.all(["left", "its-name"].map(replies.findReplyByRequestId))),
  ];
  for (const reply of found) {
    expect(reply).toMatchObject({ _id: "left", replyId: 7, source: { channel: "test" }, outbox: [{ key: "ticket" }] });
    for (const field of NOT_IN_STANDING_REPLY) expect(reply).not.toHaveProperty(field);
  }
});

it("a reply whose name the store keeps as another one fails alone", async () => {
  const { tickets, replies } = storesOn(await connect());
  const commit = await tickets.commit(draft());
  const ticketId = commit.kind === "opened" ? commit.ticket.id : 0;
  const half = () => replies.add(replyDraft({ ticketId, _id: "half \ud800" }), ALONE);
  await half();
  const [good, bad] = await Promise.allSettled([replies.add(replyDraft({ ticketId }), ALONE), half()]);
  expect([good, bad]).toMatchObject([{ status: "fulfilled" }, { status: "rejected", reason: { name: "NothingUnderName" } }]);
});

describe("a reply that makes its ticket larger than a document may be", () => {
  const MIB = 1024 * 1024;
  const tooLarge = { customfields: [{ id: 1, value: "x".repeat(8 * MIB) }] };
  const refused = { status: "rejected", reason: { message: expect.stringMatching(/larger|size/i) } };

  it("fails alone: of ten to ten tickets nine are added and change theirs", async () => {
    const { tickets, replies } = storesOn(await connect());
    const ids: number[] = [];
    for (let n = 0; n < 10; n++) {
      const commit = await tickets.commit(draft({ message: n === 3 ? "m".repeat(8 * MIB) : "m" }));
      if (commit.kind === "opened") ids.push(commit.ticket.id);
    }
    const drafts = ids.map((ticketId, n) => replyDraft({ ticketId, status: "Answered", ...(n === 3 && tooLarge) }));
    const outcomes = await Promise.allSettled(drafts.map((reply) => replies.add(reply, ALONE)));
    expect(outcomes).toMatchObject(ids.map((_, n) => (n === 3 ? refused : { status: "fulfilled", value: { kind: "added" } })));
    const changed = await Promise.all(ids.map((id) => tickets.findById(id)));
    expect(changed.map((ticket) => ticket?.replyIds?.length ?? 0)).toEqual(ids.map((_, n) => (n === 3 ? 0 : 1)));
  });

  it("does not change the order of the others to its ticket, nor does its relay take it for done", async () => {
    const { tickets, replies } = storesOn(await connect());
    const commit = await tickets.commit(draft({ message: "m".repeat(8 * MIB) }));
    const ticketId = commit.kind === "opened" ? commit.ticket.id : 0;
    const drafts = Array.from({ length: 7 }, (_, n) =>
      replyDraft({ _id: `r${n}`, ticketId, status: n === 6 ? "Closed" : "Answered", ...(n === 2 && tooLarge) }),
    );
    const outcomes = await Promise.allSettled(drafts.map((reply) => replies.add(reply, ALONE)));
    const added = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" && outcome.value.kind === "added" ? [outcome.value.reply.replyId] : []));
    expect(added).toHaveLength(6);
    expect(await tickets.findById(ticketId)).toMatchObject({ status: "Closed", replyIds: added });
    const stored = (await replies.repliesOf(ticketId, drafts.length)).find(({ _id }) => _id === "r2");
    await expect(stored && replies.applyToTicket(stored)).rejects.toThrow(/larger|size/i);
  });
});

it("two processes with the same requests: one reply each, and each once on its ticket", async () => {
  const store = await connect();
  const [a, b] = [storesOn(store), storesOn(await connect(store.db.databaseName))];
  const commits = await Promise.all(Array.from({ length: 5 }, () => a.tickets.commit(draft())));
  const ids = commits.flatMap((commit) => (commit.kind === "opened" ? [commit.ticket.id] : []));
  const requests = Array.from({ length: 200 }, (_, n) => replyDraft({ ticketId: ids[n % ids.length] ?? 0 }));
  const outcomes = await Promise.all(requests.flatMap((request) => [a.replies.add(request, ALONE), b.replies.add(request, ALONE)]));
  expect(outcomes.filter(({ kind }) => kind === "added")).toHaveLength(200);
  const stored = await store.db.collection<ReplyRecord>("replies").find().toArray();
  const known = (await Promise.all(ids.map((id) => a.tickets.findById(id)))).flatMap((ticket) => ticket?.replyIds ?? []);
  expect(known.toSorted((x, y) => x - y)).toEqual(stored.map(({ replyId }) => replyId).toSorted((x, y) => x - y));
});
