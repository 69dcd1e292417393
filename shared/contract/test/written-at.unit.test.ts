import { expect, it } from "vitest";
import { writtenAtOf } from "../src/index.ts";

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
  ["2026-01-01 13:00:00 CET", "2026-01-01T12:00:00.000Z"],
  ["Thu, 1 Jan 2026 14:00:00 +02:00", "2026-01-01T12:00:00.000Z"],
  ["Thu, 1 Jan 2026 14:00+0200(EET)", "2026-01-01T12:00:00.000Z"],
  ["Thu, 1 Jan 2026 12:00:7 +0000", "2026-01-01T12:00:07.000Z"],
  ["Thu Jan 1 13:00:7 CET 2026 (device)", "2026-01-01T12:00:07.000Z"],
  ["1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z"],
  ["31 Dec 9998 23:59:59 +0000", "9998-12-31T23:59:59.000Z"],
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
  "31 Dec 1969 23:59:59 +0000",
  "31 Dec 9999 23:59:59 -0100",
  // Half of these could be read, and would be another instant than what they say.
  "1 Jan 2026 12:00:00 GMT+0200",
  "1 Jan 2026 12:00:00 GMT +0200",
  "1 Jan 2026 12:00:00 +200",
  "1 Jan 2026 12:00:00 +02",
  "1 Jan 2026 12:00:00 +020000",
  "1 Jan 2026 12:00:00.123 +0200",
  "1 Jan 2026 12:00:007 +0200",
  "1 Jan 2026 5:07:19 PM",
  "1 Jan 2026 5:07:19 am +0200",
  "1 Jan 2026 12:00:00 in Berlin",
  "Thu Jan 1 12:00:00 2026 +0200",
  "2026-01-01 12:00:00 +02",
  "2026-01-01T12:00:00,5+02:00",
])("%j says nothing", (header) => {
  expect(writtenAtOf(header)).toBeUndefined();
});

it("is read to its end, however it is folded, or not at all", () => {
  expect(writtenAtOf(`1 Jan 2026 14:00\r\n${" ".repeat(300)}+0200`)).toEqual(new Date("2026-01-01T12:00:00Z"));
  expect(writtenAtOf(`1 Jan 2026 14:00 (${"x".repeat(300)}) +0200`)).toBeUndefined();
});

it("is found in no more time the longer the header is", () => {
  expect(writtenAtOf(`${"1 Jan ".repeat(100_000)}`)).toBeUndefined();
});
