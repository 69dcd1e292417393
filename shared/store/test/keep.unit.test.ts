import { describe, expect, it } from "vitest";
import { keep } from "../src/keep.ts";

/** Loads that end when they are told to, in any order. */
function makeLoads() {
  const loads: { resolve(value: string): void; reject(error: Error): void }[] = [];
  const load = () => new Promise<string>((resolve, reject) => void loads.push({ resolve, reject }));
  return { load, loads };
}

describe("what is kept for a moment", () => {
  it("is loaded once for all who ask meanwhile, and anew when it is forgotten", async () => {
    const { load, loads } = makeLoads();
    const kept = keep(load, { ms: 60_000, most: 10 });
    const both = [kept.get("a"), kept.get("a")];
    loads[0]?.resolve("first");
    expect(await Promise.all(both)).toEqual(["first", "first"]);
    kept.forget("a");
    const anew = kept.get("a");
    loads[1]?.resolve("second");
    expect([await anew, await kept.get("a"), loads.length]).toEqual(["second", "second", 2]);
  });

  it("is not kept when it fails, and what was loaded since stays when an older load fails late", async () => {
    const { load, loads } = makeLoads();
    const kept = keep(load, { ms: 60_000, most: 10 });
    const old = kept.get("a");
    kept.forget("a");
    const young = kept.get("a");
    loads[1]?.resolve("young");
    loads[0]?.reject(new Error("late"));
    await expect(old).rejects.toThrow("late");
    expect([await young, await kept.get("a"), loads.length]).toEqual(["young", "young", 2]);
    kept.forget("a");
    const failing = kept.get("a");
    loads[2]?.reject(new Error("now"));
    await expect(failing).rejects.toThrow("now");
    void kept.get("a");
    expect(loads.length).toBe(4);
  });

  it("is of so many keys at most, and for no longer than its time", async () => {
    const { load, loads } = makeLoads();
    const few = keep(load, { ms: 60_000, most: 2 });
    for (const key of ["a", "b", "c", "c", "a"]) void few.get(key);
    expect(loads.length).toBe(4);
    const short = keep(load, { ms: 0, most: 2 });
    for (const key of ["a", "a"]) void short.get(key);
    expect(loads.length).toBe(6);
  });
});
