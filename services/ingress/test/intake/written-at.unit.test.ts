import { expect, it } from "vitest";
import { writtenAtOf } from "../../src/intake/written-at.ts";

it.each([
  ["Thu, 1 Jan 2026 12:00:00 +0000", "2026-01-01T12:00:00.000Z"],
  [" Thu, 01 Jan 2026\t13:00:00 +0100 (CET)", "2026-01-01T12:00:00.000Z"],
  ["1 Jan 26 07:00 EST", "2026-01-01T12:00:00.000Z"],
  ["Thu, 1 January 2026 13:00:00 CET", "2026-01-01T12:00:00.000Z"],
  ["Thu, 1 Jan 2026 12:00:00", "2026-01-01T12:00:00.000Z"],
  ["Thu, 1 Jan 2026 12:00:00 XYZ", "2026-01-01T12:00:00.000Z"],
  ["Thu Jan 1 12:00:00 2026", "2026-01-01T12:00:00.000Z"],
  ["2026-01-01 12:00:00", "2026-01-01T12:00:00.000Z"],
  ["2026-01-01T13:00:00.5+0100", "2026-01-01T12:00:00.000Z"],
])("%j is when a mail says that it was written, in whatever zone this process runs", (header, instant) => {
  expect(writtenAtOf(header)?.toISOString()).toBe(instant);
});

it.each([
  "",
  "yesterday",
  "1 Foo 2026 12:00:00 +0000",
  "45 Jan 2026 12:00:00 +0000",
  "1 Jan 2026",
  "2026-13-01 12:00:00",
  `${"x".repeat(300)}1 Jan 2026 12:00:00`,
])("%j says nothing", (header) => {
  expect(writtenAtOf(header)).toBeUndefined();
});

it("is found in no more time the longer the header is", () => {
  expect(writtenAtOf(`${"1 Jan ".repeat(100_000)}`)).toBeUndefined();
});
