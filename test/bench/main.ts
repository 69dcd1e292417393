import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startDatabases } from "@openticket/standalone";
import mongoose from "mongoose";
import { addDepartment, makeContext } from "./harness/context.ts";
import type { Row } from "./harness/measure.ts";
import { ROWS } from "./rows.ts";

/**
 * `npm run bench [-- --only P1,P3] [--quick] [--json FILE]`: runs every row against its baseline in the same run, in
 * turns, on databases of its own, and prints the table. A row that cannot be measured is said and fails the run; a goal
 * that is not reached is said and does not.
 */
const { values: options } = parseArgs({ options: { only: { type: "string" }, quick: { type: "boolean", default: false }, json: { type: "string" } } });
const wanted = options.only?.split(",").map((name) => name.trim().toUpperCase()) ?? Object.keys(ROWS);
const unknown = wanted.filter((name) => !(name in ROWS));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(", ")}; there are ${Object.keys(ROWS).join(", ")}`);
  process.exit(2);
}

const dataDir = await mkdtemp(join(tmpdir(), "openticket-bench-"));
const databases = await startDatabases({ dataDir, env: {}, cacheDir: process.env.OPENTICKET_CACHE_DIR, progress: (line) => console.error(line) });
const context = makeContext({ mongodbUrl: databases.mongodbUrl, redisUrl: databases.redisUrl, isQuick: options.quick, dataDir });
const rows: Row[] = [];
let failures = 0;
try {
  const connection = await mongoose.createConnection(databases.mongodbUrl).asPromise();
  await addDepartment(connection);
  await connection.close();
  for (const name of wanted) {
    const row = await measure(name);
    if (row) rows.push(row);
  }
} finally {
  context.close();
  await databases.stop();
  await rm(dataDir, { recursive: true, force: true });
}
if (options.json)
  await writeFile(
    options.json,
    JSON.stringify(
      { machine: machine(), versions: process.versions, isQuick: options.quick, rows: rows.map(({ isReached, ...row }) => ({ ...row, reached: isReached })) },
      null,
      2,
    ),
  );
printTable(rows);
process.exit(failures > 0 ? 1 : 0);

async function measure(name: string): Promise<Row | undefined> {
  console.error(`${name} …`);
  try {
    return await ROWS[name]?.(context);
  } catch (error) {
    failures++;
    console.error(`${name} could not be measured: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return undefined;
  }
}

function machine() {
  return { cpus: cpus().length, cpuModel: cpus()[0]?.model, memoryBytes: totalmem(), platform: process.platform };
}

function printTable(done: readonly Row[]): void {
  const shown = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
  console.log("| row | what | ours | baseline | ratio (median of rounds) | spread | goal | reached |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const { row, what, unit, goal, ratio, isReached, ours, baseline, rounds } of done) {
    const ratios = rounds.map((round) => round.ours / round.baseline);
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    console.log(
      `| ${row} | ${what} | ${shown(ours)} ${unit} | ${shown(baseline)} ${unit} | ${ratio.toFixed(2)} | ${spread} | ${goal} | ${isReached ? "yes" : "no"} |`,
    );
  }
}
