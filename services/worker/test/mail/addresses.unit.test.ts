import { expect, it } from "vitest";
import { tagOf } from "../../src/mail/decide/addresses.ts";

it.each([
  ["support+t7.1@example.test", "t7.1"],
  ["support+a+b@example.test", "a+b"],
  ["support+@example.test", undefined],
  ["support@example.test", undefined],
  ["+x", undefined],
  ["a+b@c+d@example.test", "d"],
])("of %s the tag is %s", (address, tag) => {
  expect(tagOf(address)).toBe(tag);
});

it("is found in one go, however many signs a stranger writes", () => {
  const startedAt = process.cpuUsage();
  expect(tagOf("+".repeat(300_000))).toBeUndefined();
  expect(process.cpuUsage(startedAt).user).toBeLessThan(2_000_000);
});
