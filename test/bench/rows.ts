import { randomUUID } from "node:crypto";
import { startProcess } from "../support/processes.ts";
import { backlogRate } from "./harness/backlog.ts";
import { BENCH_CREDENTIALS, type BenchContext } from "./harness/context.ts";
import { httpLoad } from "./harness/http-load.ts";
import { atLeast, atMost, inTurns, makeRow, type Row } from "./harness/measure.ts";
import { replied } from "./harness/replied.ts";
import { sampleTicket } from "./harness/tickets.ts";

/** The rows of the table. Each runs both sides in turns and says what it compared. */

const OUR_WORKER = "services/worker/dist/main.js";
const OUR_DOOR = "services/ingress/dist/main-http.js";
const PLAIN_WORKER = "test/bench/baselines/plain-worker.ts";
const NOOP_WORKER = "test/bench/baselines/noop-worker.ts";
const BARE_DOOR = "test/bench/baselines/bare-door.ts";
const QUEUE = "open-ticket";

export const ROWS: Record<string, (context: BenchContext) => Promise<Row>> = { P1: backlog, P2: manyInFlight, P3: oneInFlight, P4: httpSync, P5: httpAsync };

async function backlog(context: BenchContext): Promise<Row> {
  const jobs = context.isQuick ? 500 : 20_000;
  const costs: Record<string, number[]> = { ours: [], noop: [], plain: [] };
  const run = (name: string, program: string) => async () => {
    const { rate, cpuMs } = await backlogRate(context, program, { queueName: QUEUE, jobs });
    costs[name]?.push(cpuMs);
    return rate;
  };
  const rounds = await inTurns(context.rounds, run("ours", OUR_WORKER), run("noop", NOOP_WORKER));
  const plainRate = await run("plain", PLAIN_WORKER)();
  const head = {
    row: "P1",
    what: `backlog of ${jobs} valid 1 kB tickets, one worker process, against a worker that does nothing`,
    unit: "tickets/s",
    isRate: true,
    goal: atLeast(0.8),
  };
  return makeRow(head, rounds, { plainWorkerRate: plainRate, cpuMsPerTicket: costs });
}

async function manyInFlight(context: BenchContext): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 500 : 10_000, inFlight: context.isQuick ? 100 : 1000 };
  const p99Ms: Record<string, number[]> = { ours: [], plain: [] };
  const run = (name: string, program: string) => async () => {
    const { rate, p99Ms: p99 } = await replied(context, program, load);
    p99Ms[name]?.push(p99);
    return rate;
  };
  const rounds = await inTurns(context.rounds, run("ours", OUR_WORKER), run("plain", PLAIN_WORKER));
  const head = { row: "P2", what: `with reply, ${load.inFlight} in flight, against the plain worker`, unit: "tickets/s", isRate: true, goal: atLeast(5) };
  return makeRow(head, rounds, { p99Ms });
}

async function oneInFlight(context: BenchContext): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 50 : 1000, inFlight: 1 };
  const run = (program: string) => async () => (await replied(context, program, load)).p50Ms;
  const rounds = await inTurns(context.rounds, run(OUR_WORKER), run(PLAIN_WORKER));
  return makeRow({ row: "P3", what: "one request in flight, p50, against the plain worker", unit: "ms", isRate: false, goal: atMost(1) }, rounds);
}

/** The door with one worker behind it, against the rate of the plain worker with 100 requests in flight. */
async function httpSync(context: BenchContext): Promise<Row> {
  const seconds = context.isQuick ? 2 : 10;
  const latency: unknown[] = [];
  const ours = async () => {
    const env = context.env(`bench-${randomUUID()}`);
    const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
    const { rate, p50Ms, p99Ms } = await httpLoad(classicCall(urlIn(door.readyLine)), { connections: 100, seconds });
    latency.push({ p50Ms, p99Ms });
    await Promise.all([door.stop(), worker.stop()]);
    return rate;
  };
  const plain = async () => (await replied(context, PLAIN_WORKER, { queueName: QUEUE, jobs: context.isQuick ? 300 : 5000, inFlight: 100 })).rate;
  const rounds = await inTurns(context.rounds, ours, plain);
  const head = {
    row: "P4",
    what: "OpenTicket over HTTP answered with the ids, 100 connections, against the plain worker's rate",
    unit: "tickets/s",
    isRate: true,
    goal: atLeast(2),
  };
  return makeRow(head, rounds, { latency });
}

/** Doors alone: nobody takes the jobs while the door is measured. */
async function httpAsync(context: BenchContext): Promise<Row> {
  const seconds = context.isQuick ? 2 : 10;
  const run = (program: string, request: (url: string) => Parameters<typeof httpLoad>[0]) => async () => {
    const prefix = `bench-${randomUUID()}`;
    const door = await startProcess(program, context.env(prefix), [QUEUE]);
    const { rate } = await httpLoad(request(urlIn(door.readyLine)), { connections: 50, seconds });
    await door.stop();
    return rate;
  };
  const rounds = await inTurns(context.rounds, run(OUR_DOOR, asyncCall), run(BARE_DOOR, bareCall));
  const head = {
    row: "P5",
    what: "HTTP accepted asynchronously (202), 50 connections, against a bare fastify route with Queue.add",
    unit: "requests/s",
    isRate: true,
    goal: atLeast(0.8),
  };
  return makeRow(head, rounds);
}

function urlIn(readyLine: string): string {
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(readyLine)?.[0];
  if (!url) throw new Error(`no address in "${readyLine}"`);
  return url;
}

function classicCall(url: string) {
  const fields = { action: "OpenTicket", ...BENCH_CREDENTIALS, responsetype: "json", ...sampleTicket() };
  const body = new URLSearchParams(Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)])).toString();
  return { url: `${url}/includes/api.php`, body, headers: { "content-type": "application/x-www-form-urlencoded" }, expected: 200 };
}

function asyncCall(url: string) {
  const authorization = `Basic ${Buffer.from(`${BENCH_CREDENTIALS.identifier}:${BENCH_CREDENTIALS.secret}`).toString("base64")}`;
  return {
    url: `${url}/v1/tickets`,
    body: JSON.stringify(sampleTicket()),
    headers: { "content-type": "application/json", prefer: "respond-async", authorization },
    expected: 202,
  };
}

function bareCall(url: string) {
  return { url: `${url}/`, body: JSON.stringify(sampleTicket()), headers: { "content-type": "application/json" }, expected: 202 };
}
