import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { claimTurn, holdTurn } from "../src/claim-turn.ts";
import { connectStore, type StoreConnection } from "../src/connect.ts";

const HOUR_MS = 3_600_000;
const WORK = { name: "work", everyMs: 24 * HOUR_MS };

let store: StoreConnection;
let hour: number;
const now = () => new Date(Date.UTC(2030, 0, 1) + hour * HOUR_MS);
const hold = () => holdTurn(store, { ...WORK, heldMs: HOUR_MS, now });
beforeEach(async () => {
  hour = 0;
  store = await connectStore({ url: testMongoUrl(uniqueName("turns")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterEach(async () => {
  await store.db.dropDatabase();
  await store.close();
});

it("of several that ask, one has the turn", async () => {
  const claims = await Promise.all(Array.from({ length: 8 }, () => claimTurn(store, { ...WORK, now: now() })));
  expect(claims.filter(Boolean)).toHaveLength(1);
});

describe("a turn that is held", () => {
  it("is one process's, also beside those that claim it once and for all", async () => {
    const turns = await Promise.all(Array.from({ length: 8 }, hold));
    expect(turns.filter(Boolean)).toHaveLength(1);
    expect(await claimTurn(store, { ...WORK, now: now() })).toBe(false);
  });

  it("is due again a day after it was done", async () => {
    await (await hold())?.done();
    hour = 23.9;
    expect(await hold()).toBeUndefined();
    hour = 24;
    expect(await hold()).toBeDefined();
  });

  it("is anybody's soon when it was not done", async () => {
    await hold();
    hour = 0.9;
    expect(await hold()).toBeUndefined();
    hour = 1;
    expect(await hold()).toBeDefined();
  });

  it("stays for as long as it is held on to, and is lost to whoever has taken it then", async () => {
    const turn = await hold();
    for (hour = 0.5; hour < 5; hour += 0.5) {
      expect(await hold()).toBeUndefined();
      expect(await turn?.hold()).toBe(true);
    }
    hour = 7;
    const other = await hold();
    expect(await turn?.hold()).toBe(false);
    await turn?.done();
    expect(await other?.hold()).toBe(true);
  });
});
