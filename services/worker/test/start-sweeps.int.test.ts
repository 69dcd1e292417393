import { makeDrain, makeLogger } from "@openticket/runtime";
import { claimTurn, connectStore, type StoreConnection } from "@openticket/store";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { startSweeps } from "../src/start-sweeps.ts";

const HOUR_MS = 3_600_000;
const logger = makeLogger({ name: "test", level: "silent" });

let store: StoreConnection;
beforeEach(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("sweeps")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterEach(async () => {
  await store.db.dropDatabase();
  await store.close();
});

/** Starts the sweeps, and stops them after their first round. */
async function sweepOnce(through: StoreConnection): Promise<void> {
  const drain = makeDrain({ timeoutMs: 5000, logger });
  const turns = store.db.collection("counters");
  const letters = { removeDecided: async () => 0 };
  startSweeps({ INBOUND_CONTENT_RETENTION_DAYS: undefined }, { store: through, letters, now: () => new Date(), logger, drain });
  await vi.waitFor(async () => expect(await turns.findOne({ _id: "blob-sweep" as never, sweptAt: { $gt: new Date(0) } })).toBeTruthy());
  await drain.drain();
}

const isDueIn = (hours: number) => claimTurn(store, { name: "blob-sweep", everyMs: 24 * HOUR_MS, now: new Date(Date.now() + hours * HOUR_MS) });

it("a sweep of files that failed is tried again within the hour, by whichever worker", async () => {
  const broken = new Error("cursor not found");
  const collection = (name: string) => {
    if (name.startsWith("blob")) throw broken;
    return store.db.collection(name);
  };
  await sweepOnce({ ...store, db: Object.create(store.db, { collection: { value: collection } }) });
  expect(await isDueIn(0.4)).toBe(false);
  expect(await isDueIn(0.6)).toBe(true);
});
