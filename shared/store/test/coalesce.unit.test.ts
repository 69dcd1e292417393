import { describe, expect, it } from "vitest";
import { coalesce } from "../src/coalesce.ts";
import { isStoreOutage } from "../src/outage.ts";

const never = () => new Promise<never>(() => undefined);

describe("calls that travel together", () => {
  it("get each its own answer, and a lone one waits for nobody", async () => {
    const batches: number[][] = [];
    const double = coalesce<number, number>({
      async run(batch) {
        batches.push(batch);
        return batch.map((n) => (n < 0 ? new RangeError("negative") : 2 * n));
      },
      maxInFlight: 1,
      maxBatch: 10,
    });
    expect(await Promise.allSettled([double(1), double(-1), double(2)])).toMatchObject([{ value: 2 }, { status: "rejected" }, { value: 4 }]);
    expect(batches).toEqual([[1, -1, 2]]);
  });

  it("a run that never ends is an outage to its calls, and holds up no other", async () => {
    let runs = 0;
    const ask = coalesce<string, string>({
      run: (batch) => (++runs === 1 ? never() : Promise.resolve(batch)),
      maxInFlight: 1,
      maxBatch: 10,
      timeoutMs: 20,
    });
    const stuck = ask("stuck").catch((error: unknown) => error);
    await Promise.resolve();
    expect(await ask("next")).toBe("next");
    expect(isStoreOutage(await stuck)).toBe(true);
  });
});
