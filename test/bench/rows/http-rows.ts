import { randomUUID } from "node:crypto";
import { startProcess } from "../../support/processes.ts";
import { BENCH_CREDENTIALS, type BenchContext } from "../harness/context.ts";
import { httpLoad } from "../harness/http-load.ts";
import { atLeast, inTurns, makeRow, type Row } from "../harness/measure.ts";
import { replied } from "../harness/replied.ts";
import { sampleTicket } from "../harness/tickets.ts";
import { BARE_DOOR, OUR_DOOR, OUR_WORKER, PLAIN_WORKER, QUEUE } from "../programs.ts";

/** The door with one worker behind it, against the rate of the plain worker with 100 requests in flight. */
export async function httpSync(context: BenchContext): Promise<Row> {
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
export async function httpAsync(context: BenchContext): Promise<Row> {
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

/** Where a process says that it listens. */
export function urlIn(readyLine: string): string {
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
