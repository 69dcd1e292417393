import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";

/** That the benchmark runs: a little of a row of each kind. Its figures are for `npm run bench` on a quiet machine. */
const CHECKED = ["P1", "P3", "P4", "P5", "P6", "P7", "P8", "P8MAIL", "P9", "MAIL", "WAIT", "LAT", "F10K", "W2", "BYTES", "SOAK"];
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LONGEST_RUN_MS = 600_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-bench-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function bench(args: string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    const command = ["--import", "tsx", "test/bench/main.ts", ...args];
    execFile(process.execPath, command, { cwd: ROOT, timeout: LONGEST_RUN_MS }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code ?? 1) : 0, output: `${stdout}\n${stderr}` });
    });
  });
}

const figure = z.number();
const results = z.object({
  date: z.iso.date(),
  machine: z.looseObject({ cpus: z.int() }),
  versions: z.looseObject({ node: z.string(), mongodb: z.string(), redis: z.string() }),
  rows: z.array(
    z.looseObject({
      row: z.string(),
      ratio: figure,
      goal: z.string(),
      reached: z.boolean(),
      ours: figure,
      baseline: figure,
      unit: z.string(),
      rounds: z.array(z.object({ ours: figure, baseline: figure })).min(1),
    }),
  ),
});

it(
  "measures its rows, and writes figures and page",
  async () => {
    const [json, page] = [join(folder, "results.json"), join(folder, "page")];
    const { exitCode, output } = await bench(["--quick", "--only", CHECKED.join(","), "--json", json, "--page", page]);
    expect(exitCode, output).toBe(0);
    const { rows } = results.parse(JSON.parse(await readFile(json, "utf8")));
    expect(rows.map(({ row }) => row)).toEqual(CHECKED);
    for (const { row } of rows) expect(output).toContain(`| ${row} |`);
    expect(await readdir(page)).toEqual(expect.arrayContaining(["README.md", "results.json", "ratios.svg", "cost-p1.svg"]));
  },
  LONGEST_RUN_MS + 10_000,
);

it("refuses a row that there is not", async () => {
  const { exitCode, output } = await bench(["--only", "P1,P99"]);
  expect(exitCode).toBe(2);
  expect(output).toContain("no such row: P99");
});
