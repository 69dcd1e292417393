import { expect, it } from "vitest";
import { makeUnadmitted } from "../../../../src/adapters/http/api-php/unadmitted.ts";
import { Overloaded } from "../../../../src/intake/gate.ts";
import { makeMemoryBudget } from "../../../../src/intake/memory-budget.ts";

const FREE_BYTES = 192 * 1024;

/** A call, and whether its credentials have come; `asked` counts how often that was looked for. */
function makeCall(budget = makeMemoryBudget(1000), { isKnown = false } = {}) {
  const memory = makeUnadmitted(budget);
  const call = { isKnown, asked: 0, budget, memory, holds: (bytes: number) => memory.holds(FREE_BYTES + bytes, askIsKnown) };
  async function askIsKnown() {
    call.asked++;
    return call.isKnown;
  }
  return call;
}

it("who has shown credentials by the end of what is free takes nothing of what is shared, however much is held", async () => {
  const call = makeCall(undefined, { isKnown: true });
  expect(call.holds(0)).toBeUndefined();
  await call.holds(100);
  expect([call.holds(1_000_000), call.budget.taken(), call.asked]).toEqual([undefined, 0, 1]);
});

it("of who has not what is held is counted, without a question each time", async () => {
  const call = makeCall();
  await call.holds(100);
  expect([call.holds(300), call.budget.taken(), call.asked]).toEqual([undefined, 300, 1]);
  call.memory.becomeKnown();
  expect([call.holds(1_000_000), call.budget.taken()]).toEqual([undefined, 0]);
});

it("where nothing is left, who has shown credentials meanwhile goes on, and only who has not is refused", async () => {
  const budget = makeMemoryBudget(1000);
  const [beside, known, stranger] = [makeCall(budget), makeCall(budget), makeCall(budget)];
  for (const call of [beside, known, stranger]) await call.holds(300);
  known.isKnown = true;
  await known.holds(900);
  expect(budget.taken()).toBe(600);
  await expect(stranger.holds(900)).rejects.toThrow(Overloaded);
});

it("a call that ends while it is judged keeps nothing", async () => {
  const { holds, budget, memory } = makeCall();
  const judged = holds(100);
  memory.close();
  await judged;
  expect(budget.taken()).toBe(0);
});
