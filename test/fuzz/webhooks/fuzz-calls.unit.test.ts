import { expect, it } from "vitest";
import { fuzzCalls } from "./fuzz-calls.ts";
import { makeOriginals, type Original } from "./originals.ts";

const ORIGINALS = makeOriginals();
const wrongOf = async (originals: readonly Original[]) => (await fuzzCalls({ originals, calls: 400, seed: 7 })).found.map(({ why }) => why.split("\n", 1)[0]);
const broken = (change: Partial<Original["kind"]>) =>
  ORIGINALS.filter(({ kind }) => kind.name === "github").map((one) => ({ ...one, kind: { ...one.kind, ...change } }));

it("calls of every kind are judged by what they prove, altered or genuine, without a crash and in time", async () => {
  const { found, genuine, altered, events } = await fuzzCalls({ originals: ORIGINALS, calls: 3000, seed: 2026 });
  expect(found.map(({ number, name, why }) => `${number}, ${name}: ${why}`)).toEqual([]);
  for (const count of [genuine, altered, events]) expect(count).toBeGreaterThan(30);
}, 60_000);

it("a kind that verifies anything, refuses what is genuine, or throws is found", async () => {
  expect(await wrongOf(broken({ verify: async () => ({ kind: "verified" }) }))).toContain("an altered call was verified");
  const refused = await wrongOf(broken({ verify: async () => ({ kind: "refused", outcome: "unauthenticated", because: "" }) }));
  expect(refused.some((why) => why?.startsWith("refused:"))).toBe(true);
  const throwing = await wrongOf(broken({ read: () => Promise.reject(new TypeError("x is not a function")) }));
  expect(throwing).toContain("it threw TypeError: x is not a function");
}, 60_000);
