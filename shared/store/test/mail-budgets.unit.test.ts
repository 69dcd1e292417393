import { expect, it } from "vitest";
import { placeOf } from "../src/mail/budgets.ts";

it("a mail has the place at which it was counted", () => {
  expect(placeOf("b", ["a", "b"], 5)).toBe(2);
});

it("a mail that was not counted because there were enough is one too many", () => {
  expect(placeOf("d", ["a", "b", "c"], 2)).toBe(3);
});

it("a mail whose count a failover has lost is none too many", () => {
  expect(placeOf("a", [], 5)).toBe(1);
  expect(placeOf("c", ["a", "b"], 5)).toBe(3);
});
