import type { InboundRecord } from "@openticket/contract";
import { connectStore, makeMongoBlobStore, makeMongoInbound, type StoreConnection } from "@openticket/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../../test/support/servers.ts";
import { receiveMail } from "../../src/intake/receive-mail.ts";

/** Doors of two processes. */
let stores: StoreConnection[];
beforeAll(async () => {
  const url = testMongoUrl(uniqueName("receive"));
  stores = await Promise.all([1, 2].map(() => connectStore({ url, appName: "test", serverSelectionTimeoutMs: 5000 })));
});
afterAll(async () => {
  await stores[0]?.db.dropDatabase();
  for (const store of stores) await store.close();
});

function doorOf(store: StoreConnection, door: string, repeatsLate: boolean) {
  const inbound = makeMongoInbound(store, { now: () => new Date() });
  const deps = { blobs: makeMongoBlobStore(store), inbound, submit: async () => {}, sameMail: "each" as const, now: () => new Date(), onNotEnqueued: () => {} };
  return async (text: string) => {
    async function* raw() {
      yield Buffer.from(`Received: by ${door}\r\n${text}`);
    }
    const mailboxes = [{ address: "support@example.test", envelopeTo: [] }];
    const received = await receiveMail(raw(), { mailboxes, source: { door }, repeatsLate, maxBytes: 1000, maxHops: 5 }, deps);
    if (received.kind !== "received") throw new Error(received.kind);
    return received.inbound[0]?.id;
  };
}

it("copies of two mails with one Message-ID and the same words, by two doors at one moment, are two records", async () => {
  const [first, second] = stores;
  if (!first || !second) throw new Error("two processes");
  const [smtp, imap] = [doorOf(first, "smtp", false), doorOf(second, "imap", true)];
  for (let round = 0; round < 20; round++) {
    const mail = (day: number) => `Message-ID: <${round}@nvr.test>\r\nDate: Mon, ${day} Jan 2026 12:00:00 +0000\r\n\r\nmotion\r\n`;
    const ids = await Promise.all([smtp(mail(5)), imap(mail(6)), imap(mail(5)), smtp(mail(6))]);
    expect([ids[2], ids[3]]).toEqual([ids[0], ids[1]]);
    const stored = await first.db
      .collection<InboundRecord>("inbound")
      .find({ messageId: `<${round}@nvr.test>` })
      .toArray();
    expect(stored.map(({ _id }) => _id).sort()).toEqual([ids[0], ids[1]].sort());
    expect(stored.map(({ writtenAt, repetitions }) => [writtenAt?.getUTCDate(), repetitions]).toSorted()).toEqual([
      [5, 1],
      [6, 1],
    ]);
  }
});
