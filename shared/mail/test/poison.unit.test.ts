import { afterAll, describe, expect, it } from "vitest";
import { makeMailReader } from "../src/index.ts";
import { POISON } from "./poison.ts";

const reader = makeMailReader({ threads: 1 });
afterAll(() => reader.close());

/** Of this process with everything in it, kilobytes: the largest mail is 53 MB, and stands in it twice. */
const MAX_RSS_KB = 900 * 1024;

describe("a mail made to break parsers", () => {
  it.each(Object.keys(POISON))(
    "is understood or given up in its time and memory: %s",
    async (name) => {
      const reading = await reader.read(POISON[name]?.() ?? Buffer.alloc(0));
      expect(["understood", "unreadable"]).toContain(reading.kind);
      expect(process.resourceUsage().maxRSS).toBeLessThan(MAX_RSS_KB);
    },
    60_000,
  );
});
