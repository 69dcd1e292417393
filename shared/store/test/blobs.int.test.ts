import { randomUUID } from "node:crypto";
import mongoose from "mongoose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { BlobNotFound, BlobTooLarge } from "../src/blob-store.ts";
import { sweepBlobs, sweepStaged } from "../src/blob-sweep.ts";
import { COLLECTIONS, connectStore, type StoreConnection } from "../src/connect.ts";
import { makeMongoInbound } from "../src/inbound.ts";
import { strandedInbound } from "../src/inbound-audit.ts";
import { makeMongoBlobStore } from "../src/mongo-blob-store.ts";
import { StoreUnavailable } from "../src/outage.ts";
import { makeSmallBlobReader } from "../src/small-blob-reader.ts";

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

let store: StoreConnection;
beforeEach(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("blobs")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterEach(async () => {
  await store.db.dropDatabase();
  await store.close();
});

async function* chunksOf(content: Buffer, size = 100_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const put = (content: Buffer) => makeMongoBlobStore(store).put(chunksOf(content), { maxBytes: 4 * MIB });
const count = (collection: string) => store.db.collection(collection).countDocuments();

async function read(sha256: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await makeMongoBlobStore(store).open(sha256)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe("blobs", () => {
  it.each([
    ["empty", 0],
    ["small", 1000],
    ["of several chunks", 2 * MIB + 1],
  ])("are read as they were put: %s", async (_what, size) => {
    const content = Buffer.alloc(size, randomUUID());
    const { sha256 } = await put(content);
    expect((await read(sha256)).equals(content)).toBe(true);
  });

  it.each([
    ["small", 1000],
    ["of several chunks", 2 * MIB + 1],
  ])("whose name no majority has yet are kept, and whoever puts them is told to try again: %s", async (_what, size) => {
    const content = Buffer.alloc(size, randomUUID());
    const { sha256 } = await put(content);
    const blobs = Object.create(store.db.collection(COLLECTIONS.blobs), {
      find: { value: (_filter: object, options?: { readConcern?: object }) => ({ toArray: async () => (options?.readConcern ? [{ _id: sha256 }] : []) }) },
      findOne: { value: async () => null },
    });
    const db = Object.create(store.db, { collection: { value: (name: string) => (name === COLLECTIONS.blobs ? blobs : store.db.collection(name)) } });
    const again = makeMongoBlobStore({ ...store, db }).put(chunksOf(content), { maxBytes: 4 * MIB });
    await expect(again).rejects.toThrow(StoreUnavailable);
    expect(await count(COLLECTIONS.blobFiles)).toBe(2);
    expect((await read(sha256)).equals(content)).toBe(true);
  });

  it("of which a part is missing are not taken for whole", async () => {
    const { sha256 } = await put(Buffer.alloc(MIB, randomUUID()));
    await store.db.collection("blobfiles.chunks").deleteOne({ n: 2 });
    await expect(read(sha256)).rejects.toThrow(`the content ${sha256} is not whole in the store`);
  });

  it("that are small are read at once, many together; others are none", async () => {
    const [one, two, large] = [Buffer.from("one"), Buffer.from("two"), Buffer.alloc(MIB, "x")];
    const names = (await Promise.all([one, two, large].map(put))).map(({ sha256 }) => sha256);
    const found = await Promise.all([...names, "0".repeat(64)].map(makeSmallBlobReader(store)));
    expect(found.map((content) => content && Buffer.from(content).toString())).toEqual(["one", "two", undefined, undefined]);
  });

  it("are stored once, however many put the same at a time", async () => {
    const content = Buffer.alloc(MIB, randomUUID());
    const names = await Promise.all(Array.from({ length: 8 }, () => put(content)));
    expect(new Set(names.map(({ sha256 }) => sha256)).size).toBe(1);
    expect([await count("blobs"), await count("blobfiles.files")]).toEqual([1, 1]);
  });

  it("are written together when they are small, and each is read as it was put", async () => {
    const store = spiedOn("insertMany");
    const contents = Array.from({ length: 40 }, (_, n) => Buffer.from(`small ${n % 20}`));
    const blobs = makeMongoBlobStore(store.connection);
    const names = await Promise.all(contents.map((content) => blobs.put(chunksOf(content), { maxBytes: 1000 })));
    expect([await count("blobs"), await count("blobfiles.files"), await count("blobfiles.chunks")]).toEqual([20, 20, 20]);
    expect(store.calls()).toBeLessThanOrEqual(9);
    for (const [n, { sha256 }] of names.entries()) expect(await read(sha256)).toEqual(contents[n]);
  });

  it("of which another process stores the same at once leave no copy behind", async () => {
    const stores = Array.from({ length: 6 }, () => makeMongoBlobStore(store));
    await Promise.all(stores.map((blobs) => blobs.put(chunksOf(Buffer.from("the same")), { maxBytes: 1000 })));
    expect([await count("blobs"), await count("blobfiles.files"), await count("blobfiles.chunks")]).toEqual([1, 1, 1]);
  });

  it("that are too large are refused, and leave nothing", async () => {
    await expect(put(Buffer.alloc(5 * MIB))).rejects.toThrow(BlobTooLarge);
    expect([await count("blobs"), await count("blobfiles.chunks")]).toEqual([0, 0]);
  });

  it("that are not there are said to be missing", async () => {
    await expect(makeMongoBlobStore(store).open("0".repeat(64))).rejects.toThrow(BlobNotFound);
  });
});

describe("staged content", () => {
  const stage = (content: Buffer) => makeMongoBlobStore(store).stage(chunksOf(content), { maxBytes: 4 * MIB });
  const all = () => Promise.all(["blobs", "blobfiles.files", "blobfiles.chunks"].map(count));
  const kinds: [string, number, number][] = [
    ["small", 1000, 1],
    ["of several chunks", 2 * MIB + 1, 9],
  ];

  it.each(kinds)("is nobody's before it is published: %s", async (_what, size, chunks) => {
    const content = Buffer.alloc(size, randomUUID());
    const { sha256, publish } = await stage(content);
    expect([await count("blobs"), await makeMongoBlobStore(store).has(sha256)]).toEqual([0, undefined]);
    await publish();
    expect((await read(sha256)).equals(content)).toBe(true);
    expect(await all()).toEqual([1, 1, chunks]);
  });

  it.each(kinds)("leaves nothing when it is discarded, nor when its source breaks: %s", async (_what, size) => {
    const content = Buffer.alloc(size, randomUUID());
    await (await stage(content)).discard();
    async function* broken() {
      yield* chunksOf(content);
      throw new Error("gone");
    }
    await expect(makeMongoBlobStore(store).stage(broken(), { maxBytes: 4 * MIB })).rejects.toThrow("gone");
    expect(await all()).toEqual([0, 0, 0]);
  });

  it("leaves nothing when its first write fails that was carried out all the same", async () => {
    const chunks = store.db.collection("blobfiles.chunks");
    const insertOne = async (...asked: Parameters<typeof chunks.insertOne>) => {
      await chunks.insertOne(...asked);
      throw new Error("no answer");
    };
    const db = Object.create(store.db, {
      collection: {
        value: (name: string) => (name === "blobfiles.chunks" ? Object.create(chunks, { insertOne: { value: insertOne } }) : store.db.collection(name)),
      },
    });
    const failing = makeMongoBlobStore({ ...store, db }).put(chunksOf(Buffer.alloc(MIB)), { maxBytes: 4 * MIB });
    await expect(failing).rejects.toThrow("no answer");
    expect(await all()).toEqual([0, 0, 0]);
  });

  it.each(kinds)("takes nothing of others with the same content along, whoever is first: %s", async (_what, size, chunks) => {
    const content = Buffer.alloc(size, randomUUID());
    const [before, beside, after] = [await stage(content), await stage(content), await stage(content)];
    await before.discard();
    await Promise.all([beside.publish(), stage(content).then(({ discard }) => discard())]);
    await after.discard();
    const [twice, again] = [await stage(content), await stage(content)];
    await Promise.all([twice.publish(), again.publish()]);
    expect((await read(beside.sha256)).equals(content)).toBe(true);
    expect(await all()).toEqual([1, 1, chunks]);
  });
});

/** The store, with its calls of one method of its collections counted. */
function spiedOn(method: "insertMany"): { connection: StoreConnection; calls(): number } {
  let calls = 0;
  const collection = (name: string) => {
    const real = store.db.collection(name);
    const counted = real[method].bind(real);
    return Object.assign(real, {
      [method]: (...args: Parameters<typeof counted>) => {
        calls++;
        return counted(...args);
      },
    });
  };
  const db = new Proxy(store.db, { get: (target, name) => (name === "collection" ? collection : Reflect.get(target, name)) });
  return { connection: { ...store, db }, calls: () => calls };
}

/** As MongoDB does when nobody has asked them for long; the number of those that were waiting to be asked. */
async function endCursors(): Promise<number> {
  const idle = [{ $currentOp: { idleCursors: true } }, { $match: { type: "idleCursor", ns: `${store.db.databaseName}.blobs` } }];
  const found = await store.db.admin().command({ aggregate: 1, pipeline: idle, cursor: {} });
  const cursors = found.cursor.firstBatch.map(({ cursor }: { cursor: { cursorId: bigint } }) => cursor.cursorId);
  if (cursors.length > 0) await store.db.command({ killCursors: "blobs", cursors });
  return cursors.length;
}

describe("the sweep", () => {
  const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);
  const sweepIn = (days: number) => sweepBlobs(store, { olderThanMs: DAY_MS, now: inDays(days) });
  /** A file that no blob names, as a crash left it two days ago. */
  const leftover = () => {
    const at = inDays(-2);
    const _id = mongoose.mongo.ObjectId.createFromTime(Math.floor(at.getTime() / 1000));
    return store.db.collection("blobfiles.files").insertOne({ _id, length: 0, chunkSize: 1, uploadDate: at });
  };

  it("takes what no ticket holds a day after it was put, and leaves what one holds", async () => {
    const [kept, lost] = [await put(Buffer.from("kept")), await put(Buffer.from("lost"))];
    await store.db.collection("tickets").insertOne({ id: 1, tid: "1", attachments: [{ name: "a", sha256: kept.sha256 }] });
    expect(await sweepIn(0.9)).toBe(0);
    expect(await sweepIn(1.1)).toBe(1);
    expect((await read(kept.sha256)).toString()).toBe("kept");
    await expect(read(lost.sha256)).rejects.toThrow(BlobNotFound);
    expect(await count("blobfiles.chunks")).toBe(1);
  });

  it("leaves the raw content of a message that came in", async () => {
    const { sha256 } = await put(Buffer.from("raw"));
    await store.db.collection<{ _id: string }>("inbound").insertOne({ _id: "inb_1", raw: { sha256, size: 3 } } as never);
    expect(await sweepIn(2)).toBe(0);
    await store.db.collection("inbound").deleteMany({});
    expect(await sweepIn(2)).toBe(1);
  });

  it("takes the content of a message some days after it was decided where that is said, and notes it", async () => {
    const inbound = makeMongoInbound(store, { now: () => inDays(0) });
    const receive = async (name: string) => {
      const record = {
        _id: `inb_${name}`,
        requestId: `req_${name}`,
        mailbox: "m@example.test",
        source: { door: "smtp", envelopeTo: [] },
        raw: await put(Buffer.from(name)),
      };
      await inbound.accept({ ...record, receivedAt: inDays(0), state: "stored", trace: [], repetitions: 0 });
      return record._id;
    };
    const [undecided, quarantined, ignored] = [await receive("undecided"), await receive("quarantined"), await receive("ignored")];
    await inbound.decide(quarantined, { state: "quarantined", trace: [] });
    await inbound.decide(ignored, { state: "ignored", trace: [] });
    const sweepAt = (days: number) => sweepBlobs(store, { olderThanMs: DAY_MS, messagesKeptMs: 10 * DAY_MS, now: inDays(days) });
    expect([await sweepIn(99), await sweepAt(9), await sweepAt(11)]).toEqual([0, 0, 1]);
    expect((await inbound.find(ignored))?.contentRemovedAt).toBeInstanceOf(Date);
    for (const id of [undecided, quarantined]) expect(await inbound.find(id)).not.toHaveProperty("contentRemovedAt");
    expect(await strandedInbound(store, 10)).toEqual([]);
  });

  it("does not say of a message that comes in with the same content meanwhile that its own is gone", async () => {
    const inbound = makeMongoInbound(store, { now: () => inDays(0) });
    const receive = async (name: string) => {
      const raw = await put(Buffer.from("the same"));
      const from = { mailbox: "m@example.test", source: { door: "smtp" as const, envelopeTo: [] }, receivedAt: inDays(0) };
      await inbound.accept({ _id: `inb_${name}`, requestId: `req_${name}`, ...from, raw, state: "stored", trace: [], repetitions: 0 });
    };
    await receive("old");
    await inbound.decide("inb_old", { state: "ignored", trace: [] });
    const messages = store.db.collection(COLLECTIONS.inbound);
    const joinedMeanwhile = Object.create(messages, {
      distinct: {
        value: async (field: string, filter: object) => {
          const held = await messages.distinct(field, filter);
          if (field === "raw.sha256") await receive("new");
          return held;
        },
      },
    });
    const db = Object.create(store.db, {
      collection: { value: (name: string) => (name === COLLECTIONS.inbound ? joinedMeanwhile : store.db.collection(name)) },
    });
    await sweepBlobs({ ...store, db }, { olderThanMs: DAY_MS, messagesKeptMs: 10 * DAY_MS, now: inDays(11) });
    expect(await inbound.find("inb_old")).toHaveProperty("contentRemovedAt");
    expect(await inbound.find("inb_new")).not.toHaveProperty("contentRemovedAt");
  });

  it("leaves the files of a request that waits for its outcome, and of one that was given up", async () => {
    const [waiting, dead] = [await put(Buffer.from("waiting")), await put(Buffer.from("dead"))];
    const [receipts, letters] = ["receipts", "deadletters"].map((name) => store.db.collection<{ _id: string }>(name));
    const json = ({ sha256 }: { sha256: string }) => JSON.stringify({ ticket: { attachments: [{ name: "a", sha256 }] } });
    await receipts?.insertOne({ _id: "req_1", commandJson: json(waiting), checkAt: new Date() } as never);
    await letters?.insertOne({ _id: "req_2", dataJson: json(dead) } as never);
    expect(await sweepIn(9)).toBe(0);
    await receipts?.deleteMany({});
    expect(await sweepIn(9)).toBe(1);
    await letters?.deleteMany({});
    expect(await sweepIn(9)).toBe(1);
  });

  it("ends soon when it is told to, and goes on the next time", async () => {
    for (let n = 0; n < 50; n++) await put(Buffer.from(`nobody's ${n}`));
    expect(await sweepBlobs(store, { olderThanMs: DAY_MS, now: inDays(2), stopped: AbortSignal.abort() })).toBe(0);
    expect(await sweepIn(2)).toBe(50);
  });

  it("does not rest on a cursor, which MongoDB ends when it has not been asked for half an hour", async () => {
    const names = Array.from({ length: 1300 }, (_, n) => n.toString(16).padStart(64, "0"));
    const padding = "x".repeat(16_384);
    // One batch of a cursor holds 16 MB.
    const blobs = names.map((_id) => ({ _id, fileId: new mongoose.mongo.ObjectId(), size: 1, createdAt: inDays(-9), padding }));
    await store.db.collection<{ _id: string }>("blobs").insertMany(blobs);
    await store.db.collection("tickets").insertOne({ id: 1, tid: "1", attachments: names.map((sha256) => ({ name: "a", sha256 })) });
    const { sha256 } = await put(Buffer.from("nobody's"));
    const tickets = store.db.collection(COLLECTIONS.tickets);
    let ended = 0;
    const distinct = async (field: string, filter: object) => {
      ended += await endCursors();
      return tickets.distinct(field, filter);
    };
    const db = Object.create(store.db, {
      collection: {
        value: (name: string) => (name === COLLECTIONS.tickets ? Object.create(tickets, { distinct: { value: distinct } }) : store.db.collection(name)),
      },
    });
    expect(await sweepBlobs({ ...store, db }, { olderThanMs: DAY_MS, now: inDays(2) })).toBe(1);
    await expect(read(sha256)).rejects.toThrow(BlobNotFound);
    expect(ended).toBe(0);
  });

  it("ends when it is not to go on", async () => {
    await put(Buffer.from("nobody's"));
    expect(await sweepBlobs(store, { olderThanMs: DAY_MS, now: inDays(2), goesOn: async () => false })).toBe(0);
  });

  it("spares for another day what was put again", async () => {
    const { sha256 } = await put(Buffer.from("again"));
    await store.db.collection<{ _id: string }>("blobs").updateOne({ _id: sha256 }, { $set: { createdAt: inDays(-2) } });
    await put(Buffer.from("again"));
    expect(await sweepIn(0.9)).toBe(0);
    expect(await sweepIn(1.1)).toBe(1);
  });

  it("takes chunks of uploads that never ended within hours, and leaves those of files, however young", async () => {
    const { sha256 } = await put(Buffer.alloc(2 * MIB, "kept"));
    await makeMongoBlobStore(store).stage(chunksOf(Buffer.alloc(2 * MIB, "lost")), { maxBytes: 4 * MIB });
    expect([await count("blobs"), await count("blobfiles.files")]).toEqual([1, 1]);
    const hours = 3_600_000;
    const look = (inHours: number) => sweepStaged(store, { olderThanMs: 12 * hours, youngerThanMs: 3 * DAY_MS, now: inDays(inHours / 24) });
    expect([await look(11.9), await look(80), await look(12.1), await look(12.1)]).toEqual([0, 0, 1, 0]);
    expect((await read(sha256)).length).toBe(2 * MIB);
    expect(await count("blobfiles.chunks")).toBe(9);
  });

  it("takes what an upload left that never ended", async () => {
    await leftover();
    expect(await sweepIn(0)).toBe(1);
    expect(await count("blobfiles.files")).toBe(0);
  });

  it("does not look at files that are younger than a leftover", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => put(Buffer.from(`young ${n}`))));
    await leftover();
    await store.db.command({ profile: 2 });
    expect(await sweepStaged(store, { olderThanMs: DAY_MS, youngerThanMs: 3 * DAY_MS, now: inDays(0) })).toBe(1);
    await store.db.command({ profile: 0 });
    const looks = store.db.collection("system.profile").find({ ns: `${store.db.databaseName}.blobfiles.files`, op: "query" });
    const [look] = await looks.toArray();
    expect(look?.docsExamined).toBeLessThanOrEqual(1);
  });

  it("does not mind another one that takes the same files at the same moment", async () => {
    await leftover();
    const blobs = store.db.collection("blobs");
    const look = (through: StoreConnection) => sweepStaged(through, { olderThanMs: DAY_MS, now: inDays(0) });
    const overtaken = (...asked: Parameters<typeof blobs.find>) => ({
      async toArray() {
        expect(await look(store)).toBe(1);
        return blobs.find(...asked).toArray();
      },
    });
    const db = Object.create(store.db, {
      collection: { value: (name: string) => (name === "blobs" ? Object.create(blobs, { find: { value: overtaken } }) : store.db.collection(name)) },
    });
    expect(await look({ ...store, db })).toBe(0);
    expect(await count("blobfiles.files")).toBe(0);
  });
});
