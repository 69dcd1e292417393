import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fuzz, readSeeds } from "./fuzz.ts";

const FIXTURES = fileURLToPath(new URL("../../shared/mail/test/fixtures", import.meta.url));

describe("mutants of odd mails", () => {
  it("are understood without a crash, within every limit", () => {
    const found = fuzz({ seeds: readSeeds([FIXTURES]), mutants: 2000, seed: 2024 });
    expect(found.map(({ mutant, why }) => `${mutant}: ${why}`)).toEqual([]);
  }, 60_000);
});
