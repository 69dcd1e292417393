import { expect, it } from "vitest";
import { makeMemoryBudget } from "../../src/intake/memory-budget.ts";

it("a byte costs what it is said to, and a call gives all of it back", () => {
  const budget = makeMemoryBudget(400, 5);
  const [one, other] = [budget.open(), budget.open()];
  expect([one.take(20), one.take(30), other.take(30)]).toEqual([true, true, true]);
  expect(budget.taken()).toBe(400);
  one.close();
  one.close();
  expect(budget.taken()).toBe(150);
});

it("a call is refused beside others when there is not enough left, and takes nothing then", () => {
  const budget = makeMemoryBudget(400, 5);
  const [one, other] = [budget.open(), budget.open()];
  one.take(50);
  expect([other.take(31), other.take(30), other.take(1), one.take(1)]).toEqual([false, true, false, false]);
  expect(budget.taken()).toBe(400);
});

it("a call that is alone is let in, however large it is, and nobody beside it", () => {
  const budget = makeMemoryBudget(400, 5);
  const [large, small] = [budget.open(), budget.open()];
  expect([large.take(100), large.take(1000), small.take(1)]).toEqual([true, true, false]);
  large.close();
  expect(small.take(1)).toBe(true);
});
