import type { OpenTicketCommand } from "@openticket/contract";
import {
  connectStore,
  EXAMPLE_DATA,
  makeMemoryBlobStore,
  makeMemoryDirectory,
  makeMongoReplyStore,
  makeMongoTicketStore,
  type StoreConnection,
} from "@openticket/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../../test/support/servers.ts";
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
    rules: { timeZone: "UTC", defaultPriority: "Medium", rejectionRetentionMs: 60_000, attachments, statuses: [], outboxGraceMs: 60_000 },
    now,
  };
}

const request = (key: string, deptid: number): OpenTicketCommand => ({
  v: 1,
  requestId: key,
  idempotencyKey: key,
  source: { channel: "test" },
  receivedAt: now().toISOString(),
  ticket: { deptid, clientid: 1, subject: "s", message: "m", noemail: true },
});
const run = (deps: PipelineDeps, command: OpenTicketCommand) => openTicket(command, { mayHaveTwin: () => true }, deps);
const told = ({ result }: Outcome) => (result.result === "success" ? "success" : (result.errors[0]?.code ?? ""));

it("a right and a wrong request with one key at the same moment: one of them counts, the other is a conflict", async () => {
  const keys = Array.from({ length: REQUESTS }, (_, n) => `key-${n}`);
  const outcomes = await Promise.all(
    keys.map((key, n) => Promise.all([run(workers[n % 2 === 0 ? 0 : 1], request(key, 1)), run(workers[n % 2 === 0 ? 1 : 0], request(key, 999))])),
  );
  const pairs = outcomes.map(([right, wrong]) => `${told(right)} | ${told(wrong)}`);
  for (const pair of pairs) expect(["success | idempotency_key_reused", "idempotency_key_reused | department_not_found"]).toContain(pair);
  const opened = pairs.filter((pair) => pair.startsWith("success")).length;
  expect(await stores[0]?.db.collection("tickets").countDocuments()).toBe(opened);
  expect(await stores[0]?.db.collection("rejections").countDocuments()).toBe(REQUESTS - opened);
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
