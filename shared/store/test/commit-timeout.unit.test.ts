import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeMongoReplyStore, makeMongoTicketStore, type StoreConnection, StoreUnavailable } from "../src/index.ts";
import { ALONE, replyDraft } from "./testkit/reply-store.suite.ts";
import { draft } from "./testkit/ticket-store.suite.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const now = () => new Date(0);
const numbers = { tid: (id: number) => String(id), accessCode: () => "code" };
/** Deals ids, and says nothing to a write. */
const silent = {
  db: {
    collection: () => ({ findOneAndUpdate: async () => ({ value: 1000 }) }),
    command: () => new Promise(() => undefined),
  },
} as unknown as StoreConnection;

it.each<[string, () => Promise<unknown>]>([
  ["tickets", () => makeMongoTicketStore(silent, { numbers, now }).commit(draft())],
  ["replies", () => makeMongoReplyStore(silent, { now }).add(replyDraft({ ticketId: 1 }), ALONE)],
])("a batch of %s may take as long as its tries, and the last one of them", async (_what, write) => {
  let outcome: unknown = "pending";
  write().catch((error: unknown) => {
    outcome = error;
  });
  await vi.advanceTimersByTimeAsync(50_000);
  expect(outcome).toBe("pending");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(outcome).toBeInstanceOf(StoreUnavailable);
});
