import { setTimeout as sleep } from "node:timers/promises";
import type { AddTicketReplyCommand, OpenTicketCommand } from "@openticket/contract";
import {
  connectStore,
  EXAMPLE_DATA,
  makeMemoryBlobStore,
  makeMemoryDirectory,
  makeMongoReplyStore,
  makeMongoTicketStore,
  type StoreConnection,
  StoreUnavailable,
} from "@openticket/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../../test/support/servers.ts";
import { addTicketReply, type ReplyOutcome } from "../../src/pipeline/add-ticket-reply.ts";
import { makeNumbers } from "../../src/pipeline/numbers.ts";
import { openTicket } from "../../src/pipeline/open-ticket.ts";
import type { PipelineDeps } from "../../src/pipeline/ports.ts";
import type { Outcome } from "../../src/pipeline/ticket-outcome.ts";

const REQUESTS = 150;
const now = () => new Date();
const name = uniqueName("two-workers");
const stores: StoreConnection[] = [];
let workers: [PipelineDeps, PipelineDeps];

beforeAll(async () => {
  workers = [await makeWorker(), await makeWorker()];
});
afterAll(async () => {
  await stores[0]?.db.dropDatabase();
  for (const store of stores) await store.close();
});

/** A worker of its own, with a connection of its own, on the common database. */
async function makeWorker(): Promise<PipelineDeps> {
  const store = await connectStore({ url: testMongoUrl(name), appName: "test", serverSelectionTimeoutMs: 5000 });
  stores.push(store);
  const numbers = makeNumbers({ mask: "%n%n%n%n%n%n%n%n", timeZone: "UTC" });
  const attachments = { count: 1, bytes: 1, totalBytes: 1, extensions: "any" as const };
  return {
    directory: makeMemoryDirectory(EXAMPLE_DATA),
    tickets: makeMongoTicketStore(store, { numbers, now }),
    replies: makeMongoReplyStore(store, { now }),
    blobs: makeMemoryBlobStore(),
    rules: {
      timeZone: "UTC",
      defaultPriority: "Medium",
      rejectionRetentionMs: 60_000,
      attachments,
      statuses: ["Open", "Customer-Reply"],
      outboxGraceMs: 60_000,
    },
    now,
  };
}

const request = (key: string, deptid: number, requestId = key): OpenTicketCommand => ({
  v: 1,
  requestId,
  idempotencyKey: key,
  source: { channel: "test" },
  receivedAt: now().toISOString(),
  ticket: { deptid, clientid: 1, subject: "s", message: "m", noemail: true },
});
const PERHAPS_NOT_ALONE = { mayHaveTwin: () => true };
const run = (deps: PipelineDeps, command: OpenTicketCommand) => openTicket(command, PERHAPS_NOT_ALONE, deps);
const told = ({ result }: Outcome | ReplyOutcome) => (result.result === "success" ? "success" : (result.errors[0]?.code ?? ""));

it("a right and a wrong request with one key at the same moment: one of them counts, the other is a conflict", async () => {
  const keys = Array.from({ length: REQUESTS }, (_, n) => `key-${n}`);
  const outcomes = await Promise.all(
    keys.map((key, n) => Promise.all([run(workers[n % 2 === 0 ? 0 : 1], request(key, 1)), run(workers[n % 2 === 0 ? 1 : 0], request(key, 999))])),
  );
  const pairs = outcomes.map(([right, wrong]) => `${told(right)} | ${told(wrong)}`);

  for (const pair of pairs) expect(["success | idempotency_key_reused", "idempotency_key_reused | department_not_found"]).toContain(pair);
  const opened = pairs.filter((pair) => pair.startsWith("success")).length;
  const ofKeys = { requestId: /^key-/ };
  expect(await stores[0]?.db.collection("tickets").countDocuments(ofKeys)).toBe(opened);
  expect(await stores[0]?.db.collection("rejections").countDocuments(ofKeys)).toBe(REQUESTS - opened);
});

it("a proposal that a dead worker left counts for nothing, and the next run sees it through", async () => {
  const key = "left-behind";
  const [deps] = workers;
  await run(deps, request(key, 999));
  const rejections = stores[0]?.db.collection("rejections");
  const left = await rejections?.findOneAndUpdate({ requestId: key }, { $set: { isProposed: true } });
  expect(await deps.tickets.findRejection(String(left?._id))).toBeUndefined();
  expect(told(await run(deps, request(key, 999)))).toBe("department_not_found");
  expect(await deps.tickets.findRejection(String(left?._id))).toBeDefined();
  await rejections?.updateOne({ requestId: key }, { $set: { isProposed: true } });
  expect(told(await run(deps, request(key, 1)))).toBe("success");
  expect(await rejections?.countDocuments({ requestId: key })).toBe(0);
});

it("a right and a wrong reply with one key at the same moment: one of them counts, and its ticket knows of no other", async () => {
  const opened = await run(workers[0], request("replied-to", 1));
  const ticketId = opened.kind === "opened" ? opened.ticket.id : 0;
  const reply = (key: string, ticketid: number): AddTicketReplyCommand => ({
    ...{ v: 1, action: "AddTicketReply", requestId: key, idempotencyKey: key, source: { channel: "test" }, receivedAt: now().toISOString() },
    ticket: { ticketid, clientid: 1, message: "m", noemail: true },
  });
  const add = (place: number, command: AddTicketReplyCommand) => addTicketReply(command, PERHAPS_NOT_ALONE, workers[place % 2 === 0 ? 0 : 1]);
  const keys = Array.from({ length: REQUESTS }, (_, n) => `reply-${n}`);
  const outcomes = await Promise.all(keys.map((key, n) => Promise.all([add(n, reply(key, ticketId)), add(n + 1, reply(key, 999_999))])));
  const pairs = outcomes.map(([right, wrong]) => `${told(right)} | ${told(wrong)}`);

  for (const pair of pairs) expect(["success | idempotency_key_reused", "idempotency_key_reused | ticket_not_found"]).toContain(pair);
  const ofKeys = { requestId: /^reply-/ };
  const [added = [], rejected, ticket] = await Promise.all([
    stores[0]?.db.collection("replies").find(ofKeys).toArray(),
    stores[0]?.db.collection("rejections").countDocuments(ofKeys),
    stores[0]?.db.collection("tickets").findOne({ id: ticketId }),
  ]);
  expect(added).toHaveLength(pairs.filter((pair) => pair.startsWith("success")).length);
  expect(rejected).toBe(REQUESTS - added.length);
  expect(new Set(ticket?.replyIds)).toEqual(new Set(added.map(({ replyId }) => replyId)));
});

it("five requests with one key over four workers: what stands is what each of them was told", async () => {
  const fleet = [...workers, await makeWorker(), await makeWorker()];
  const names = Array.from({ length: REQUESTS }, (_, n) => `fought-for-${n}`);
  const decided = await Promise.all(
    names.map((name, n) => {
      const requests = [1, 999, 998, 1, 999].map((deptid, place) => request(name, deptid, `${name}-${deptid}-${place}`));
      return Promise.all(requests.map((command, place) => untilDecided(fleet[(n + place) % fleet.length] ?? workers[0], command)));
    }),
  );
  for (const [n, name] of names.entries()) {
    const [ticket, rejection] = await Promise.all(
      ["tickets", "rejections"].map((collection) => stores[0]?.db.collection(collection).findOne({ alias: new RegExp(`^${name}-`) })),
    );
    const deptid = Number((ticket ?? rejection)?.alias.split("-").at(-2));
    const toldWhere = (own: number, outcome: string) => (deptid === own ? outcome : "idempotency_key_reused");
    const [right, wrong, other] = [toldWhere(1, "success"), toldWhere(999, "department_not_found"), toldWhere(998, "department_not_found")];
    expect([ticket === null, rejection === null, ...(decided[n] ?? [])]).toEqual([deptid !== 1, deptid === 1, right, wrong, other, right, wrong]);
  }
});

/** As the queue does with a request that others decide at the same moment. */
async function untilDecided(deps: PipelineDeps, command: OpenTicketCommand): Promise<string> {
  for (;;) {
    try {
      return told(await run(deps, command));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await sleep(10);
    }
  }
}
