import { type DeadLetter, shortId } from "@openticket/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import {
  connectStore,
  type DeadLetterStore,
  makeMongoDeadLetters,
  makeMongoTicketStore,
  recordDropped,
  type StoreConnection,
  type TicketStore,
} from "../src/index.ts";
import { draft, rejection } from "./testkit/ticket-store.suite.ts";

let store: StoreConnection;
let letters: DeadLetterStore;
let tickets: TicketStore;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("letters")), appName: "test", serverSelectionTimeoutMs: 5000 });
  letters = makeMongoDeadLetters(store);
  tickets = makeMongoTicketStore(store, { numbers: { tid: (id) => String(id), accessCode: () => "code" }, now: () => new Date() });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

const letter = (_id: string, diedAt = new Date(1000)): DeadLetter => ({
  _id,
  jobName: "OpenTicket",
  dataJson: "{}",
  code: "failed",
  reason: "a bug",
  attempts: 8,
  receivedAt: new Date(0),
  diedAt,
});

it("a letter that came since is not removed with the one that an operator has seen", async () => {
  const seen = letter("again");
  await letters.bury(seen);
  await letters.bury(letter("again", new Date(2000)));
  expect(await letters.remove(seen)).toBe(false);
  expect(await letters.find("again")).toMatchObject({ diedAt: new Date(2000) });
  expect(await letters.remove(letter("again", new Date(2000)))).toBe(true);
});

it("a letter that asks for something else is set aside for the next of its name, which replaces one that asks for the same", async () => {
  const asking = (what: string, at: number): DeadLetter => ({
    ...letter("undefined", new Date(at)),
    code: "aside",
    fingerprint: what.repeat(64),
    dataJson: `"${what}"`,
  });
  await Promise.all([asking("a", 1), asking("b", 2), asking("c", 3)].map(letters.bury));
  const [last] = (await letters.find("undefined"))?.fingerprint ?? "";
  const names = ["a", "b", "c"].map((what) => (what === last ? "undefined" : `undefined~${what.repeat(8)}`));
  expect((await letters.requestIds({ code: "aside" })).toSorted()).toEqual(names.toSorted());
  await letters.bury(asking(last ?? "", 4));
  expect(await letters.find("undefined")).toMatchObject({ diedAt: new Date(4) });
  expect(await letters.requestIds({ code: "aside" })).toHaveLength(3);
  for (const id of names) await store.db.collection<DeadLetter>("deadletters").deleteOne({ _id: id });
});

it.each([
  ["by what was read", {}],
  ["by its data, as it could not be read now", { fingerprint: "A".repeat(64), dataFingerprint: "a".repeat(64) }],
])("a letter that asks for what was set aside under its name is the only one, known %s", async (_what, now) => {
  const asking = (what: string, at: number): DeadLetter => ({ ...letter("turns", new Date(at)), code: "turns", fingerprint: what.repeat(64) });
  for (const next of [asking("a", 1), asking("b", 2), { ...asking("a", 3), ...now }]) await letters.bury(next);
  expect((await letters.requestIds({ code: "turns" })).toSorted()).toEqual(["turns", "turns~bbbbbbbb"]);
  expect(await letters.find("turns")).toMatchObject({ diedAt: new Date(3) });
  await store.db.collection<DeadLetter>("deadletters").deleteMany({ code: "turns" });
});

it("a letter of an earlier version, whose fingerprint is that of its data, gives way to one of the same data", async () => {
  const [data, command] = ["d".repeat(64), "c".repeat(64)];
  await letters.bury({ ...letter("earlier"), code: "earlier", fingerprint: data });
  await letters.bury({ ...letter("earlier"), code: "earlier", fingerprint: command, dataFingerprint: data });
  expect(await letters.requestIds({ code: "earlier" })).toEqual(["earlier"]);
  expect(await letters.find("earlier")).toMatchObject({ fingerprint: command });
  await store.db.collection<DeadLetter>("deadletters").deleteOne({ _id: "earlier" });
});

it("a letter is set aside under a name that a request can have, and of its own, however long its request's is", async () => {
  const names = ["🎫".repeat(200), `${"🎫".repeat(199)}a`];
  for (const name of names) for (const what of ["a", "b"]) await letters.bury({ ...letter(name), code: "long", fingerprint: what.repeat(64) });
  const aside = (await letters.requestIds({ code: "long" })).filter((name) => !names.includes(name));
  expect(aside).toHaveLength(2);
  for (const name of aside) expect(shortId.safeParse(name).success).toBe(true);
  await store.db.collection<DeadLetter>("deadletters").deleteMany({ code: "long" });
});

it("all letters, or those with one cause, are named, the oldest first", async () => {
  await letters.bury({ ...letter("second", new Date(20)), code: "named" });
  await letters.bury({ ...letter("first", new Date(10)), code: "named" });
  expect(await letters.requestIds({ code: "named" })).toEqual(["first", "second"]);
  await letters.bury(letter("other"));
  expect((await letters.requestIds({})).toSorted()).toEqual(["first", "other", "second"]);
  for (const id of ["first", "second", "other"]) await store.db.collection<DeadLetter>("deadletters").deleteOne({ _id: id });
});

it("letters of requests that were sent again and decided are removed, the others stay", async () => {
  for (const name of ["opened", "their-name", "rejected", "proposed", "open"]) await letters.bury(letter(name));
  await tickets.commit(draft({ _id: "opened" }));
  await tickets.commit(draft({ _id: "identity", requestId: "their-name" }));
  for (const name of ["rejected", "proposed"]) await tickets.reject(rejection({ _id: name }));
  await store.db.collection("rejections").updateOne({ _id: "proposed" } as never, { $set: { isProposed: true } });
  expect(await letters.removeDecided()).toBe(3);
  expect(await letters.find("proposed")).toBeDefined();
  expect(await letters.find("open")).toBeDefined();
});

it("a dropped letter leaves a rejection for its request and for its key, and none beside a ticket", async () => {
  await recordDropped(store, letter("name"), { identity: "key", fingerprint: "f" });
  expect(await tickets.findRejection("key")).toMatchObject({ requestId: "name", errors: [{ code: "dropped" }] });
  expect(await tickets.findRejectionByRequestId("name")).toMatchObject({ _id: "key" });
  await tickets.commit(draft({ _id: "decided" }));
  await recordDropped(store, letter("decided"), { identity: "decided", fingerprint: "f" });
  expect(await tickets.findRejection("decided")).toBeUndefined();
});
