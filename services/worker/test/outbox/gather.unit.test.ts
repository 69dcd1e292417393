import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeGatherer } from "../../src/outbox/gather.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aGatherer({ most = 3, faults = [] }: { most?: number; faults?: Error[] } = {}) {
  const handedOn: number[][] = [];
  const gatherer = makeGatherer<number>({
    most,
    waitMs: 10,
    async handOn(items) {
      handedOn.push(items);
      const fault = faults.shift();
      if (fault) throw fault;
    },
  });
  return { gatherer, handedOn };
}

describe("things that are gathered", () => {
  it("go on together when the first has waited for its time", async () => {
    const { gatherer, handedOn } = aGatherer();
    const first = gatherer.add(1);
    await vi.advanceTimersByTimeAsync(9);
    const second = gatherer.add(2);
    expect(handedOn).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(handedOn).toEqual([[1, 2]]);
    await Promise.all([first, second]);
  });

  it("go on at once when there are enough, and the next ones wait anew", async () => {
    const { gatherer, handedOn } = aGatherer();
    for (const item of [1, 2, 3, 4]) void gatherer.add(item);
    expect(handedOn).toEqual([[1, 2, 3]]);
    await vi.advanceTimersByTimeAsync(10);
    expect(handedOn).toEqual([[1, 2, 3], [4]]);
  });

  it("fail together, and those after them do not", async () => {
    const { gatherer } = aGatherer({ most: 2, faults: [new Error("no primary")] });
    const failed = await Promise.allSettled([gatherer.add(1), gatherer.add(2)]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await Promise.all([gatherer.add(3), gatherer.add(4)]);
  });

  it("wait no more once it is closed", async () => {
    const { gatherer, handedOn } = aGatherer();
    const waiting = gatherer.add(1);
    gatherer.close();
    const late = gatherer.add(2);
    await Promise.all([waiting, late]);
    expect(handedOn).toEqual([[1], [2]]);
  });
});
