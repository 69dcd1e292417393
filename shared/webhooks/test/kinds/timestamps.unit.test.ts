import { describe, expect, test } from "vitest";
import { instantOf, staleness } from "../../src/kinds/timestamps.ts";

const NOW = new Date("2026-11-26T12:00:00Z");
const secondsFromNow = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

describe("a time beside a signature", () => {
  test("is whole seconds and nothing else", () => {
    expect(instantOf("1795694400")).toEqual(new Date("2026-11-26T12:00:00Z"));
    for (const text of ["", "123abc", "1e9", " 5", "-5", "1.5", "0x10", "١", "123456789012"]) expect(instantOf(text)).toBeUndefined();
  });

  test("is fresh up to the tolerance on both sides, and stale beyond it", () => {
    for (const seconds of [-300, 0, 300]) expect(staleness(secondsFromNow(seconds), NOW, 300)).toBeUndefined();
    expect(staleness(secondsFromNow(-301), NOW, 300)).toMatchObject({ outcome: "stale", because: expect.stringContaining("301 s old") });
    expect(staleness(secondsFromNow(301), NOW, 300)).toMatchObject({ outcome: "stale", because: expect.stringContaining("301 s in the future") });
  });
});
