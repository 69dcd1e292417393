import { expect, it } from "vitest";
import { ratesOf } from "../src/commands/queue.ts";

it("rates are over the time that has passed, whatever the looks themselves took", () => {
  const look = (atMs: number, decided: number, waiting: number) => ({
    atMs,
    decided,
    counts: { waiting, active: 1, delayed: 0, failed: 0, oldestWaitingAt: undefined, workers: 1 },
  });
  expect(ratesOf(look(1000, 5000, 10), look(21_000, 5200, 30))).toEqual({ decidedPerSecond: 10, arrivedPerSecond: 11 });
  expect(ratesOf(look(0, 5, 10), look(1000, 5, 0))).toEqual({ decidedPerSecond: 0, arrivedPerSecond: 0 });
});
