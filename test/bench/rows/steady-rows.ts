import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Running, startProcess } from "../../support/processes.ts";
import type { BenchContext } from "../harness/context.ts";
import { allowed, atMost, type Measured, makeRow, median, type Row, within } from "../harness/measure.ts";
import { metered } from "../harness/meter.ts";
import { openLoop } from "../harness/open-loop.ts";
import { OUR_DOOR, OUR_WORKER } from "../programs.ts";
import { classicCall, urlIn } from "./http-rows.ts";

const MIB = 1024 * 1024;
/** Resident memory that an idle process may have, MiB. */
const IDLE_MIB = 150;
/** Until the garbage of the start is collected, which takes a process that has nothing else to do half a minute, ms. */
const SETTLE_MS = 40_000;

/** P9: CPU of an idle door and worker, against what is allowed. */
export async function idle(context: BenchContext): Promise<Row> {
  const env = context.env(`bench-${randomUUID()}`);
  const processes = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const ours: Measured[] = [];
  try {
    await sleep(context.isQuick ? 500 : SETTLE_MS);
    for (let round = 0; round < context.rounds; round++) ours.push({ value: await busiest(processes, context.isQuick ? 1 : 20) });
    const [worker = 0, door = 0] = processes.map((process) => process.usage().rssBytes / MIB);
    const what = `CPU of a door or worker that has been idle for ${SETTLE_MS / 1000} s, against what is allowed`;
    const conditions = [within(`less than ${IDLE_MIB} MiB each`, { value: Math.max(worker, door), bound: IDLE_MIB, unit: "MiB" })];
    const head = { row: "P9", what, unit: "% of a core", isRate: false, goal: atMost(1), conditions };
    return makeRow(head, { ours, baseline: allowed(1, ours.length) }, { residentMib: { worker, door } });
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

/** CPU of the process that used most in so many seconds, % of a core. */
async function busiest(processes: readonly Running[], seconds: number): Promise<number> {
  const before = processes.map((process) => process.usage().cpuMs);
  await sleep(seconds * 1000);
  return Math.max(...processes.map((process, index) => (process.usage().cpuMs - (before[index] ?? 0)) / (seconds * 10)));
}

/** Parts of the soak whose memory is compared. */
const WARM = { from: 0.2, to: 0.4 };
const LAST = { from: 0.8, to: 1 };
const SAMPLE_MS = 2000;

/** Ten minutes of steady requests: resident memory in its last fifth against its second one. */
export async function soak(context: BenchContext): Promise<Row> {
  const load = { connections: 50, seconds: context.isQuick ? 3 : 600, perSecond: context.isQuick ? 50 : 300 };
  const env = context.env(`bench-${randomUUID()}`);
  const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const samples: Record<"worker" | "door", number>[] = [];
  const look = () => samples.push({ worker: worker.usage().rssBytes / MIB, door: door.usage().rssBytes / MIB });
  const timer = setInterval(look, context.isQuick ? SAMPLE_MS / 20 : SAMPLE_MS);
  try {
    const work = () => openLoop(classicCall(urlIn(door.readyLine)), load);
    const { result, ...spent } = await metered(context, { worker, door }, ({ requests }) => requests, work);
    const { warm, last } = mostGrown(samples);
    const sides = { ours: [{ value: last, latencyMs: result.latencyMs, ...spent }], baseline: [{ value: warm }] };
    const what = `resident memory at the end of ${load.seconds} s at ${load.perSecond} requests a second, against when it was warm; the process that grew more`;
    return makeRow({ row: "SOAK", what, unit: "MiB", isRate: false, goal: atMost(1.1) }, sides, { samples, requests: result.requests });
  } finally {
    clearInterval(timer);
    await Promise.all([door.stop(), worker.stop()]);
  }
}

function mostGrown(samples: readonly Record<"worker" | "door", number>[]): { warm: number; last: number } {
  const during = ({ from, to }: typeof WARM, name: "worker" | "door") =>
    median(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)).map((sample) => sample[name]));
  const [worker, door] = (["worker", "door"] as const).map((name) => ({ warm: during(WARM, name), last: during(LAST, name) }));
  const grown = ({ warm, last }: { warm: number; last: number }) => last / warm;
  if (!worker || !door) throw new Error("no samples");
  return grown(worker) > grown(door) ? worker : door;
}
