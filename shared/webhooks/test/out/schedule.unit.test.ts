import { describe, expect, it } from "vitest";
import { CALL_LIFETIME_MS, delayAfter, MAX_TRIES, requestedDelay } from "../../src/out/schedule.ts";

const HOUR_MS = 3_600_000;
const NOW = new Date("2026-01-01T00:00:00Z");
const delays = (random: number) => Array.from({ length: MAX_TRIES - 1 }, (_, n) => delayAfter(n + 1, { random: () => random }) ?? 0);
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

describe("the tries of a call", () => {
  it("are ten in a little more than three days, then none", () => {
    expect(MAX_TRIES).toBe(10);
    expect(sum(delays(0)) / HOUR_MS).toBeCloseTo(75.6, 1);
    expect(delayAfter(MAX_TRIES, { random: () => 0 })).toBeUndefined();
  });

  it("come later by chance, never earlier, and all within the time that the call has", () => {
    const [early, late] = [delays(0), delays(1)];
    for (const [index, delayMs] of early.entries()) expect(late[index]).toBe(delayMs * 1.2);
    expect(sum(late)).toBeLessThan(CALL_LIFETIME_MS);
  });

  it("wait at least as long as the endpoint asks", () => {
    expect(delayAfter(1, { random: () => 0, requestedMs: 60_000 })).toBe(60_000);
    expect(delayAfter(3, { random: () => 0, requestedMs: 60_000 })).toBe(1_800_000);
  });
});

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    ["0", 0],
    [" 5 ", 5000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["999999999", 24 * HOUR_MS],
    ["Thu, 01 Jan 2099 00:00:00 GMT", 24 * HOUR_MS],
    ["-1", undefined],
    ["1e3", undefined],
    ["soon", undefined],
    [undefined, undefined],
  ])("%s means %s ms", (text, delayMs) => {
    const asked = requestedDelay(text === undefined ? {} : { "retry-after": text }, NOW);
    if (delayMs === undefined) expect(asked).toBeUndefined();
    else expect(asked).toBe(delayMs);
  });
});
