import { readFile, writeFile } from "node:fs/promises";
import type { TimedRow } from "../harness/measure.ts";
import { table } from "./table.ts";

/** The figures of docs/scaling.md: made of a run's rows, so that they are never older than the benchmark. */

const BEGIN = "<!-- figures of npm run bench: begin -->";
const END = "<!-- figures: end -->";

/** What a path of a ticket is, by the row that measures it. */
const PATHS: Record<string, string> = {
  P1: "from the queue, nobody waits",
  P2: "from the queue, with a reply",
  P4: "over HTTP, answered with the ids",
  P5: "over HTTP, answered 202: until it is in the queue",
  MAIL: "from the queue, and a mail",
  F10K: "over HTTP, with a file of 10 kB",
};
const RATES_PER_MINUTE = [100, 10_000, 1_000_000];
/** What a core is loaded with at most. */
const BUSY = 0.6;
const CORES_OF_A_MACHINE = 8;
/** Of MongoDB; the others do about the work of the primary, which is the one that is measured. */
const MEMBERS = 3;
const SECONDS_A_DAY = 86_400;

/** Puts the tables of these rows between the marks of the document. Rows that were not measured are left out. */
export async function refreshScaling(path: string, rows: readonly TimedRow[]): Promise<void> {
  const text = await readFile(path, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${path} has no place for its figures`);
  await writeFile(path, `${text.slice(0, from)}${BEGIN}\n${figures(rows)}\n${text.slice(to)}`);
}

function figures(rows: readonly TimedRow[]): string {
  const bytes = rows.find(({ row }) => row === "BYTES");
  const sync = rows.find(({ row }) => row === "P4");
  return [costTable(rows), bytes && bytesTable(bytes), bytes && sync && machineTable(sync, bytes.ours)].filter((part) => part !== undefined).join("\n\n");
}

function costTable(rows: readonly TimedRow[]): string {
  const lines = rows.flatMap((row) => {
    const path = PATHS[row.row];
    if (path === undefined) return [];
    const { door, worker, redis, mongod, all } = costsOf(row);
    return [[path, ...[door, worker, redis, mongod, all].map((us) => (us > 0 ? us.toFixed(0) : "–")), `\`npm run bench -- --only ${row.row}\``]];
  });
  return table(["CPU µs of one ticket", "door", "worker", "Redis", "MongoDB", "together", "command"], lines);
}

function costsOf({ costs: { ours = {} } }: TimedRow) {
  const of = (name: string) => ours[name]?.cpuUs ?? 0;
  const [door, worker, redis, mongod] = [of("door"), of("worker"), of("redis"), of("mongod")];
  return { door, worker, redis, mongod, all: door + worker + redis + mongod };
}

function bytesTable({ ours, baseline, notes }: TimedRow): string {
  const note = (name: string) => Number(notes[name]).toFixed(0);
  const lines = [
    ["its own JSON", baseline.toFixed(0)],
    ["its document, before compression", note("documentBytes")],
    ["on MongoDB's disk: data", note("mongodbDataBytes")],
    ["on MongoDB's disk: indexes", note("mongodbIndexBytes")],
    ["on MongoDB's disk, together", ours.toFixed(0)],
    ["in Redis while it waits", note("redisBytesWhileWaiting")],
  ];
  return table(
    ["bytes of one ticket", "bytes", "command"],
    lines.map((line) => [...line, "`npm run bench -- --only BYTES`"]),
  );
}

/** Cores and machines at each rate, from the path that costs most: the caller waits for its ids. */
function machineTable(sync: TimedRow, diskBytes: number): string {
  const { door, worker, redis, mongod } = costsOf(sync);
  const lines = RATES_PER_MINUTE.map((perMinute) => {
    const perSecond = perMinute / 60;
    const cores = (us: number) => (us * perSecond) / 1_000_000 / BUSY;
    const processes = [door, worker, redis].map((us) => Math.ceil(cores(us)));
    const gigabytes = (perSecond * SECONDS_A_DAY * diskBytes) / 1e9;
    return [
      perMinute.toLocaleString("en"),
      ...[door, worker, redis, mongod].map((us) => cores(us).toFixed(2)),
      processes.join(" / "),
      `${gigabytes.toFixed(1)} GB`,
      String(Math.ceil(cores(door + worker + redis + MEMBERS * mongod) / CORES_OF_A_MACHINE)),
    ];
  });
  const head = [
    "tickets a minute",
    "door cores",
    "worker cores",
    "Redis cores",
    "MongoDB cores, primary",
    "doors / workers / queues",
    "disk a day, of one member",
    `machines of ${CORES_OF_A_MACHINE} cores, ${MEMBERS} members`,
  ];
  return table(head, lines);
}
