import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BREAK_DOORS, BREAKS, buildPrograms } from "./breaks.ts";
import { type ChaosOptions, readOptions } from "./options.ts";
import { type Figures, figuresOf, nameOf, printFigures } from "./report.ts";
import { runChaos } from "./run.ts";

/**
 * `npm run chaos -- --minutes N --seed S [--tickets N] [--doors mail|webhook|NAMES] [--break NAME|all] [--json FILE] [--hurry] [--keep]`: real processes,
 * a replica set of three and a Redis, broken all the time, under producers whose every acknowledgement is recorded; then
 * all of it is held against what is stored. `--break` runs a version of the product that breaks a promise on purpose.
 * Exit codes: 0 every promise was kept, 1 one was broken, 2 the run failed. With `--break all`: 0 every break was found.
 */
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.setMaxListeners(50);
try {
  const options = readOptions(process.argv.slice(2));
  process.exit(options.breakName === "all" ? await breakAll(options) : await runOnce(options));
} catch (error) {
  console.error(error);
  process.exit(2);
}

async function runOnce(options: ChaosOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "openticket-chaos-programs-"));
  try {
    const programs = await buildPrograms(options.breakName, folder);
    const figures = figuresOf(await runChaos(options, programs, (line) => console.error(line)), options);
    if (options.jsonPath) await writeFile(options.jsonPath, JSON.stringify(figures, null, 2));
    printFigures(figures, (line) => console.log(line));
    return figures.breaches.length > 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each break in a run of its own: every one of them must be found, by a breach and not by a failure of the run. */
async function breakAll(options: ChaosOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "openticket-breaks-"));
  const missed: string[] = [];
  for (const name of Object.keys(BREAKS)) {
    const jsonPath = join(folder, `${name}.json`);
    const args = [
      "--minutes",
      options.minutes,
      "--seed",
      options.seed,
      "--tickets",
      options.tickets,
      "--doors",
      BREAK_DOORS[name] ?? options.doors.join(","),
      "--break",
      name,
      "--json",
      jsonPath,
      "--hurry",
    ];
    const child = spawn(process.execPath, ["--import", "tsx", fileURLToPath(import.meta.url), ...args.map(String)], { stdio: ["ignore", "ignore", "inherit"] });
    process.once("exit", () => child.kill());
    const [exitCode] = await once(child, "exit");
    const breaches = exitCode === 1 ? (JSON.parse(await readFile(jsonPath, "utf8")) as Figures).breaches : [];
    if (breaches.length === 0) missed.push(name);
    const kinds = [...new Set(breaches.map(nameOf))].join(", ");
    console.log(breaches.length > 0 ? `${name}: found, by ${breaches.length} breaches (${kinds})` : `${name}: NOT FOUND (exit code ${exitCode})`);
  }
  await rm(folder, { recursive: true, force: true });
  console.log(missed.length === 0 ? "Every break was found." : `Not found: ${missed.join(", ")}`);
  return missed.length === 0 ? 0 : 1;
}
