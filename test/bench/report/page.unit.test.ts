import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Report, writePage } from "./page.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-page-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function pageOf(head: Partial<Report>): Promise<string> {
  await writePage(folder, [], { machine: { cpus: 2 }, versions: { node: "20" }, isQuick: false, rows: [], ...head });
  return readFile(join(folder, "README.md"), "utf8");
}

it("says of what code and day it is", async () => {
  expect(await pageOf({ commit: "0a1b2c3+changes", date: "2026-11-27" })).toContain("\ncommit 0a1b2c3+changes · date 2026-11-27 · cpus 2 · node 20\n");
});

it("is made of results that do not say so", async () => {
  expect(await pageOf({ commit: undefined })).toContain("\ncpus 2 · node 20\n");
});
