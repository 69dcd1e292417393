import { describe, expect, it } from "vitest";
import { allowed, atMost, highest, makeRow, within } from "./measure.ts";

const HEAD = { row: "P0", what: "memory that is added", unit: "MiB", isRate: false, goal: atMost(1) };
const sides = (...values: number[]) => ({ ours: values.map((value) => ({ value })), baseline: allowed(64, values.length) });

describe("a row", () => {
  it("comes to the median of its rounds", () => {
    expect(makeRow(HEAD, sides(128, 16, 32))).toMatchObject({ ours: 32, baseline: 64, ratio: 0.5, isReached: true });
  });

  it("comes to the highest of them where none may be over a bound", () => {
    expect(makeRow({ ...HEAD, ofRounds: highest }, sides(128, 16, 32))).toMatchObject({ ours: 128, baseline: 64, ratio: 2, isReached: false });
  });

  it("misses its goal with a condition that is not met", () => {
    const conditions = [within("Redis at most 10 kB more", { value: 10_001, bound: 10_000, unit: "bytes" })];
    expect(makeRow({ ...HEAD, conditions }, sides(16))).toMatchObject({ goal: "≤ 1, Redis at most 10 kB more", ratio: 0.25, isReached: false });
  });
});
