import { makeDrain, makeLogger } from "@openticket/runtime";
import { claimTurn, connectStore, type StoreConnection } from "@openticket/store";
import { afterEach, beforeEach, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { until } from "../../../test/support/until.ts";
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

/** Starts the sweeps, and stops them when so much has come of them. */
async function sweepUntil(isDone: () => Promise<boolean>, through = store): Promise<void> {
  const drain = makeDrain({ timeoutMs: 5000, logger });
  const letters = { removeDecided: async () => 0 };
  startSweeps({ INBOUND_CONTENT_RETENTION_DAYS: undefined }, { store: through, letters, now: () => new Date(), logger, drain });
  await until("the sweep", isDone);
  await drain.drain();
}

const isDueIn = (hours: number) => claimTurn(store, { name: "blob-sweep", everyMs: 24 * HOUR_MS, now: new Date(Date.now() + hours * HOUR_MS) });

it("a sweep of files that failed is tried again within the hour, by whichever worker", async () => {
  const broken = new Error("cursor not found");
  const collection = (name: string) => {
    if (name.startsWith("blob")) throw broken;
    return store.db.collection(name);
  };
  const turns = store.db.collection("counters");
  const isTaken = async () => (await turns.findOne({ _id: "blob-sweep" as never, sweptAt: { $gt: new Date(0) } })) !== null;
  await sweepUntil(isTaken, { ...store, db: Object.create(store.db, { collection: { value: collection } }) });
  expect(await isDueIn(0.4)).toBe(false);
  expect(await isDueIn(0.6)).toBe(true);
});

it("what uploads have left is looked for each hour among those of the last hours; what is older is the day's sweep's", async () => {
  const idOf = (hoursAgo: number) => Math.floor((Date.now() - hoursAgo * HOUR_MS) / 1000).toString(16) + "0".repeat(16);
  const chunks = store.db.collection("blobfiles.chunks");
  await chunks.insertMany([11, 13, 20].map((hours) => ({ files_id: idOf(hours), n: 0, hours })));
  await chunks.updateMany({}, [{ $set: { files_id: { $toObjectId: "$files_id" } } }]);
  const left = () => chunks.distinct("hours");
  expect(await isDueIn(0)).toBe(true); // From here on the day's sweep is another worker's.
  await sweepUntil(async () => !(await left()).includes(13));
  expect(await left()).toEqual([11, 20]);
});
