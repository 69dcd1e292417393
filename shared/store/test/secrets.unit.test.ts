import { describe, expect, it } from "vitest";
import { hashSecret, rememberRight, verifySecret } from "../src/secrets.ts";

describe("a secret at rest", () => {
  it("is known again, and nothing else is taken for it", async () => {
    const stored = hashSecret("right");
    expect(await verifySecret(stored, "right")).toBe(true);
    expect(await verifySecret(stored, "right")).toBe(true);
    expect(await verifySecret(stored, "wrong")).toBe(false);
    expect(await verifySecret("none", "right")).toBe(false);
  });
});

describe("what is remembered of secrets", () => {
  /** Takes "right" and whatever begins so; fails while it is `broken`. */
  function start(remembered: number) {
    const asked: string[] = [];
    const state = { isBroken: false };
    const verify = rememberRight(async (_stored, presented) => {
      asked.push(presented);
      if (state.isBroken) throw new Error("out of memory");
      return presented.startsWith("right");
    }, remembered);
    return { asked, state, verify: (presented: string) => verify("stored", presented) };
  }

  it("are the right ones, however many wrong ones come", async () => {
    const { asked, verify } = start(2);
    await verify("right");
    for (let index = 0; index < 10; index++) expect(await verify(`wrong ${index}`)).toBe(false);
    expect(await verify("right")).toBe(true);
    expect(asked.filter((presented) => presented === "right")).toHaveLength(1);
  });

  it("are so many, the latest", async () => {
    const { asked, verify } = start(2);
    for (const presented of ["right 1", "right 2", "right 3", "right 3", "right 1"]) await verify(presented);
    expect(asked).toEqual(["right 1", "right 2", "right 3", "right 1"]);
  });

  it("is no fault: the next call asks again", async () => {
    const { state, verify } = start(2);
    state.isBroken = true;
    await expect(verify("right")).rejects.toThrow("out of memory");
    state.isBroken = false;
    expect(await verify("right")).toBe(true);
  });

  it("is asked once by those who come at one moment", async () => {
    const { asked, verify } = start(2);
    expect(await Promise.all([verify("right"), verify("right")])).toEqual([true, true]);
    expect(asked).toHaveLength(1);
  });
});
