import fc from "fast-check";
import { expect, it } from "vitest";
import { fail, isWanted, settle, startProgress, wantedRange } from "../../../src/adapters/imap/progress.ts";

const NOW = new Date("2026-01-02T03:04:05.000Z");
const fresh = () => startProgress({ uidValidity: "1", uidNext: 1 }, { kind: "all" }, true);

it("settled UIDs are not wanted, whatever their order, and all others are", () => {
  const uids = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 150 });
  fc.assert(
    fc.property(uids, (done) => {
      const progress = done.reduce((before, uid) => settle(before, [uid]), fresh());
      for (let uid = 1; uid <= 300; uid++) expect(isWanted(progress, uid, NOW)).toBe(!done.includes(uid));
    }),
  );
});

it("of very many gaps the oldest are closed, and a failing message in one is still wanted", () => {
  const failed = fail(fresh(), 2, new Date(0)).progress;
  const odd = Array.from({ length: 1000 }, (_, index) => 2 * index + 1);
  const progress = settle(failed, odd);
  expect(progress.settled).toHaveLength(200);
  expect(isWanted(progress, 4, NOW)).toBe(false);
  expect(isWanted(progress, 2, NOW)).toBe(true);
  expect(isWanted(progress, 1998, NOW)).toBe(true);
  expect(wantedRange(progress)).toBe(`2,${progress.floor + 1}:*`);
});

it("the waits between the tries of a message grow up to an hour", () => {
  let progress = fresh();
  const waits: number[] = [];
  for (let tries = 1; tries < 24; tries++) {
    progress = fail(progress, 7, NOW).progress;
    waits.push((progress.failing[0]?.retryAt.getTime() ?? 0) - NOW.getTime());
  }
  expect(waits.slice(0, 3)).toEqual([10_000, 20_000, 40_000]);
  expect(waits.at(-1)).toBe(3_600_000);
  expect(fail(progress, 7, NOW)).toMatchObject({ kind: "gave-up", progress: { failing: [], settled: [[7, 7]] } });
});
