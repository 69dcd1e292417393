import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { REFERENCE_KINDS, referenceSchemas } from "../src/reference-schemas.ts";

const DOCUMENT = readFileSync(new URL("../../../docs/operations.md", import.meta.url), "utf8");

it.each(REFERENCE_KINDS)("the columns of %s are documented", (kind) => {
  const row = DOCUMENT.split("\n").find((line) => line.startsWith(`| \`${kind}\` |`));
  const fields = Object.entries(referenceSchemas[kind].shape);
  const undocumented = fields.filter(([name, schema]) => !row?.includes(schema.safeParse(undefined).success ? ` ${name}` : `**${name}**`));
  expect(undocumented.map(([name]) => name)).toEqual([]);
});
