import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Figures } from "../chaos/report.ts";

/** A short run of the chaos harness; `npm run chaos` makes long ones. It has databases of its own, because it breaks them. */
const HARNESS = fileURLToPath(new URL("../chaos/main.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LONGEST_RUN_MS = 300_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-chaos-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function chaos(args: string[]): Promise<{ exitCode: number; figures: Figures; output: string }> {
  const jsonPath = join(folder, "figures.json");
  const command = ["--import", "tsx", HARNESS, ...args, "--hurry", "--json", jsonPath];
  const { exitCode, output } = await new Promise<{ exitCode: number; output: string }>((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, timeout: LONGEST_RUN_MS }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code ?? 1) : 0, output: `${stdout}\n${stderr}` });
    });
  });
  return { exitCode, output, figures: JSON.parse(await readFile(jsonPath, "utf8").catch(() => "{}")) as Figures };
}

it(
  "under faults of every kind nothing that was acknowledged is lost, and nothing is done twice",
  async () => {
    const { exitCode, figures, output } = await chaos(["--minutes", "0.5", "--tickets", "1000", "--seed", "11"]);
    expect(figures.breaches, output).toEqual([]);
    expect(exitCode).toBe(0);
    expect(figures.requests).toBeGreaterThanOrEqual(1000);
    expect(figures.faults).toBeGreaterThanOrEqual(8);
    expect(figures.faultsByKind["Redis emptied"]).toBe(1);
    expect(figures.told.taken).toBeGreaterThan(0);
    for (const state of ["ticket", "occurrence", "ignored", "refused", "quarantined"]) expect(figures.inbound.states[state], output).toBeGreaterThan(0);
  },
  LONGEST_RUN_MS + 10_000,
);
