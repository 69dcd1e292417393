import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { BREAKS } from "./breaks.ts";

const pieces = Object.entries(BREAKS).flatMap(([name, replacements]) => replacements.map((replacement) => ({ name, ...replacement })));

it.each(pieces)("$name finds its piece of $file once, or it would break nothing", async ({ file, from }) => {
  const text = await readFile(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8");
  expect(text.split(from)).toHaveLength(2);
});
