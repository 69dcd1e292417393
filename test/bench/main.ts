import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { constants, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startDatabases } from "@openticket/standalone";
import mongoose from "mongoose";
import { endPrograms } from "../support/processes.ts";
import { addDepartments, type BenchContext, makeContext } from "./harness/context.ts";
import type { TimedRow } from "./harness/measure.ts";
import { commitOf } from "./report/commit.ts";
import { type Report, writePage } from "./report/page.ts";
import { refreshScaling } from "./report/scaling.ts";
import { costs, found, latencies, summary } from "./report/table.ts";
import { ROWS } from "./rows.ts";

/**
 * `npm run bench [-- --only P1,P3] [--quick] [--json FILE] [--page FOLDER]`: runs every row against its baseline in the same
 * run, in turns, each row on databases of its own, and prints the tables. A row that cannot be measured is said and fails the run; a
 * goal that is not reached is said and does not. A run of every row writes docs/benchmarks and the figures of docs/scaling.md;
 * `--page` writes any run's page elsewhere. `--quick` does little of everything: its figures mean nothing.
 */
const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    page: { type: "string" },
  },
});
const isWhole = options.only === undefined && !options.quick;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOCS = join(ROOT, "docs");
const pageFolder = options.page ?? (isWhole ? join(DOCS, "benchmarks") : undefined);
const wanted = options.only?.split(",").map((name) => name.trim().toUpperCase()) ?? Object.keys(ROWS);
const unknown = wanted.filter((name) => !(name in ROWS));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(", ")}; there are ${Object.keys(ROWS).join(", ")}`);
  process.exit(2);
}

// The databases are in process groups of their own: whoever breaks the run off with Ctrl-C does not reach them.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void breakOff(signal));
let stopDatabases = async (): Promise<void> => undefined;
const rows: TimedRow[] = [];
// Of now: what is changed or committed while the rows run is not what they measure.
const measured = { commit: commitOf(ROOT), date: new Date().toISOString().slice(0, 10) };
let versions: Report["versions"] = {};
let failures = 0;
// Each row has databases of its own: what the rows before have stored would be in its figures. A quick run's mean nothing.
for (const group of options.quick ? [wanted] : wanted.map((name) => [name])) {
  await withDatabases(async (context, connection) => {
    versions = await versionsOf(context, connection);
    for (const name of group) {
      const row = await measure(name, context);
      if (row) rows.push(row);
    }
  });
}
const report: Report = { ...measured, machine: machine(), versions, isQuick: options.quick, rows: rows.map(toReport) };
if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (pageFolder) await writePage(pageFolder, rows, report);
if (isWhole) await refreshScaling(join(DOCS, "scaling.md"), rows);
console.log([summary(rows), found(rows), latencies(rows), costs(rows)].join("\n\n"));
process.exit(failures > 0 ? 1 : 0);

async function breakOff(signal: "SIGINT" | "SIGTERM"): Promise<void> {
  endPrograms();
  await stopDatabases().catch(() => undefined);
  process.exit(128 + constants.signals[signal]);
}

/** Work on new databases, empty but for departments; they are gone afterwards. */
async function withDatabases(work: (context: BenchContext, connection: mongoose.Connection) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "openticket-bench-"));
  const progress = rows.length === 0 ? console.error : () => undefined;
  const starting = startDatabases({ dataDir, env: {}, cacheDir: process.env.OPENTICKET_CACHE_DIR, progress });
  stopDatabases = async () => {
    await (await starting).stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const { mongodbUrl, redisUrl } = await starting;
    const context = await makeContext({ mongodbUrl, redisUrl, isQuick: options.quick, dataDir });
    const connection = await mongoose.createConnection(mongodbUrl).asPromise();
    await addDepartments(connection);
    await work(context, connection);
    await connection.close();
    context.close();
  } finally {
    await stopDatabases();
  }
}

async function measure(name: string, context: BenchContext): Promise<TimedRow | undefined> {
  console.error(`${name} …`);
  const startedAtMs = performance.now();
  try {
    const row = await ROWS[name]?.(context);
    const seconds = Math.round((performance.now() - startedAtMs) / 1000);
    console.error(`${name} took ${seconds} s`);
    return row && { ...row, seconds };
  } catch (error) {
    failures++;
    console.error(`${name} could not be measured: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return undefined;
  }
}

function toReport({ isReached: reached, ...row }: TimedRow): Report["rows"][number] {
  return { ...row, reached };
}

function machine() {
  const [cpu] = cpus();
  return { cpus: cpus().length, model: cpu?.model, memoryGib: Math.round(totalmem() / 1024 ** 3), platform: process.platform };
}

async function versionsOf(context: BenchContext, connection: mongoose.Connection) {
  const server = await context.redis().info("server");
  const { version: mongodb } = (await connection.db?.admin().serverInfo()) ?? {};
  const redis = /valkey_version:(\S+)/.exec(server)?.[1] ?? /redis_version:(\S+)/.exec(server)?.[1];
  return { node: process.versions.node, mongodb, redis };
}
