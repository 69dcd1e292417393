import { describe, expect, it } from "vitest";
import { makeCoalescer } from "../src/coalescer.ts";

function aRecorder() {
  const batches: number[][] = [];
  const finish: ((error?: Error) => void)[] = [];
  const send = (items: number[]) =>
    new Promise<void>((resolve, reject) => {
      batches.push(items);
      finish.push((error) => (error ? reject(error) : resolve()));
    });
  return { batches, finish, send };
}

describe("the coalescer", () => {
  it("sends a lone item at once, and what comes meanwhile together", async () => {
    const { batches, finish, send } = aRecorder();
    const coalescer = makeCoalescer({ maxBatch: 2, send });
    const done = [1, 2, 3, 4].map((item) => coalescer.add(item));
    expect(batches).toEqual([[1]]);
    finish[0]?.();
    await done[0];
    finish[1]?.();
    await Promise.all([done[1], done[2]]);
    finish[2]?.();
    await done[3];
    expect(batches).toEqual([[1], [2, 3], [4]]);
    expect(coalescer.isIdle()).toBe(true);
  });

  it("fails those whose batch failed and goes on with the others", async () => {
    const { finish, send } = aRecorder();
    const coalescer = makeCoalescer({ maxBatch: 10, send });
    const [first, second] = [coalescer.add(1), coalescer.add(2)];
    finish[0]?.(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    finish[1]?.();
    await expect(second).resolves.toBeUndefined();
  });
});
