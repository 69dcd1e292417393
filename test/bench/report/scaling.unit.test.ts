import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Report } from "./page.ts";
import { refreshScaling } from "./scaling.ts";

const DOCS = fileURLToPath(new URL("../../../docs", import.meta.url));
const DOCUMENT = join(DOCS, "scaling.md");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-scaling-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function published(): Promise<Report["rows"]> {
  const { rows }: Report = JSON.parse(await readFile(join(DOCS, "benchmarks", "results.json"), "utf8"));
  return rows;
}

async function refreshed(rows: Report["rows"]): Promise<string> {
  const copy = join(folder, "scaling.md");
  await copyFile(DOCUMENT, copy);
  await refreshScaling(
    copy,
    rows.map(({ reached: isReached, ...row }) => ({ ...row, isReached })),
  );
  return readFile(copy, "utf8");
}

it("has the figures of the published run", async () => {
  expect(await refreshed(await published())).toBe(await readFile(DOCUMENT, "utf8"));
});

it("counts three members of MongoDB in its machines", async () => {
  const costs = { ours: { mongod: { cpuUs: 280, rssMib: 1 } } };
  const rows = (await published()).map((row) => (row.row === "P4" ? { ...row, costs } : row));
  // 280 µs at 60 % of a core are 7.8 cores for 1,000,000 tickets a minute: a machine each.
  const [line] = (await refreshed(rows)).match(/^\| 1,000,000 .*$/m) ?? [];
  expect(line).toMatch(/\| 7\.78 \|.*\| 3 \|$/);
});
