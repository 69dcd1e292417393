import { afterEach, expect, it, vi } from "vitest";
import type { StoreConnection } from "../src/connect.ts";
import { makeStoreClock, type StoreClock } from "../src/store-clock.ts";

const HOUR_MS = 3_600_000;
let clock: StoreClock | undefined;
afterEach(() => {
  clock?.close();
  vi.restoreAllMocks();
});

/** A store whose clock differs from ours by that much. */
const storeWith = (differenceMs: number) =>
  ({ db: { admin: () => ({ command: async () => ({ localTime: new Date(Date.now() + differenceMs) }) }) } }) as unknown as StoreConnection;
const aheadOf = (instantMs: number) => Math.round(((clock?.now().getTime() ?? 0) - instantMs) / 60_000);

it("keeps to the store's time, whatever this process believes", async () => {
  clock = await makeStoreClock(storeWith(-HOUR_MS));
  expect(aheadOf(Date.now())).toBe(-60);
});

it("leaves a difference alone that may be the network's", async () => {
  clock = await makeStoreClock(storeWith(500));
  expect(Math.abs((clock?.now().getTime() ?? 0) - Date.now())).toBeLessThan(400);
});

it("does not follow this process's clock when that is set while it runs", async () => {
  const startedAtMs = Date.now();
  clock = await makeStoreClock(storeWith(0));
  vi.spyOn(Date, "now").mockReturnValue(startedAtMs + HOUR_MS);
  expect(aheadOf(startedAtMs)).toBe(0);
});
