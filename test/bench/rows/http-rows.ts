import { randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import mongoose from "mongoose";
import { startProcess } from "../../support/processes.ts";
import { BENCH_CREDENTIALS, type BenchContext } from "../harness/context.ts";
import { type FixedRequest, type HttpRequest, httpLoad } from "../harness/http-load.ts";
import { atLeast, inTurns, type Measured, makeRow, NO_GOAL, type Row, warmUpOf } from "../harness/measure.ts";
import { metered } from "../harness/meter.ts";
import { openLoop } from "../harness/open-loop.ts";
import { replied } from "../harness/replied.ts";
import { sampleTicket } from "../harness/tickets.ts";
import { BARE_DOOR, OUR_DOOR, OUR_WORKER, PLAIN_WORKER, QUEUE, WAITING_DOOR } from "../programs.ts";

/** P4: the door with one worker behind it, against the rate of the plain worker with 100 requests in flight. */
export async function httpSync(context: BenchContext): Promise<Row> {
  const seconds = context.isQuick ? 1 : 10;
  const sides = await inTurns(
    context.rounds,
    () => throughDoor(context, { door: OUR_DOOR, worker: OUR_WORKER, request: classicCall, connections: 100, seconds }),
    () => replied(context, PLAIN_WORKER, { queueName: QUEUE, jobs: context.isQuick ? 300 : 8000, inFlight: 100 }),
  );
  const what = "OpenTicket over HTTP answered with the ids, 100 connections, against the plain worker's rate";
  return makeRow({ row: "P4", what, unit: "tickets/s", isRate: true, goal: atLeast(2) }, sides);
}

/** P5: doors alone; nobody takes the jobs while the door is measured. */
export async function httpAsync(context: BenchContext): Promise<Row> {
  const load = { connections: 50, seconds: context.isQuick ? 1 : 10 };
  const ours = (env: Record<string, string> = {}) => throughDoor(context, { door: OUR_DOOR, request: asyncCall, env, ...load });
  const sides = await inTurns(context.rounds, ours, () => throughDoor(context, { door: BARE_DOOR, request: (url) => bareCall(url, 202), ...load }));
  const onQueueAlone = await ours({ HTTP_ASYNC_DURABILITY: "queue" });
  const what = "HTTP accepted asynchronously (202, receipt in MongoDB), 50 connections, against a bare fastify route with Queue.add";
  const notes = { rateWhenTheQueueAloneIsPromised: onQueueAlone.value, costsThen: onQueueAlone.costs };
  return makeRow({ row: "P5", what, unit: "requests/s", isRate: true, goal: atLeast(0.8) }, sides, notes);
}

/** Time to the ids at a rate that both sides bear, each request sent when it is due. */
export async function httpLatency(context: BenchContext): Promise<Row> {
  const load = { connections: 50, seconds: context.isQuick ? 1 : 15, perSecond: context.isQuick ? 50 : 300 };
  const p99 = ({ latencyMs, ...rest }: Measured) => ({ ...rest, ...(latencyMs && { latencyMs }), value: latencyMs?.p99 ?? Number.NaN });
  const sides = await inTurns(
    context.rounds,
    async () => p99(await throughDoor(context, { door: OUR_DOOR, worker: OUR_WORKER, request: classicCall, ...load })),
    async () => p99(await throughDoor(context, { door: WAITING_DOOR, worker: PLAIN_WORKER, request: (url) => bareCall(url, 200), ...load })),
  );
  const what = `p99 over HTTP at ${load.perSecond} requests a second, against a fastify route with waitUntilFinished and the plain worker`;
  return makeRow({ row: "LAT", what, unit: "ms", isRate: false, goal: NO_GOAL }, sides);
}

interface DoorLoad {
  door: string;
  worker?: string;
  request(url: string): HttpRequest;
  connections: number;
  seconds: number;
  perSecond?: number;
  env?: Record<string, string>;
}

/** Loads a door, with or without a worker behind it, once it is warm: as fast as it answers, or at a given rate. */
export async function throughDoor(context: BenchContext, { door, worker, request, env, perSecond, ...load }: DoorLoad): Promise<Measured> {
  const prefix = `bench-${randomUUID()}`;
  const environment = { ...context.env(prefix), ...env };
  const [front, back] = await Promise.all([startProcess(door, environment, [QUEUE]), worker && startProcess(worker, environment, [QUEUE])]);
  const processes = { door: front, ...(back && { worker: back }) };
  const target = request(urlIn(front.readyLine));
  const loadFor = (seconds: number) => (perSecond === undefined ? httpLoad(target, { ...load, seconds }) : openLoop(target, { ...load, seconds, perSecond }));
  try {
    await loadFor(warmUpOf(load.seconds));
    if (!back) await forgetAccepted(context, prefix);
    const { result, ...spent } = await metered(
      context,
      processes,
      ({ requests }) => requests,
      () => loadFor(load.seconds),
    );
    return { value: result.rate, latencyMs: result.latencyMs, ...spent };
  } finally {
    await Promise.all(Object.values(processes).map((process) => process.stop()));
    if (!back) await forgetAccepted(context, prefix);
  }
}

/** What nobody took: the workers of later rows would find the receipts overdue and put their commands into a queue again. */
async function forgetAccepted(context: BenchContext, prefix: string): Promise<void> {
  const queue = new Queue(QUEUE, { connection: context.redis(), prefix });
  await queue.obliterate({ force: true });
  await queue.close();
  const connection = await mongoose.createConnection(context.mongodbUrl).asPromise();
  await connection.collection("receipts").deleteMany({});
  await connection.close();
}

/** Where a process says that it listens. */
export function urlIn(readyLine: string): string {
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(readyLine)?.[0];
  if (!url) throw new Error(`no address in "${readyLine}"`);
  return url;
}

/** The classic call, form-encoded. */
export function classicCall(url: string): HttpRequest {
  const fields = { action: "OpenTicket", ...BENCH_CREDENTIALS, responsetype: "json", ...sampleTicket() };
  const body = new URLSearchParams(Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)])).toString();
  return { url: `${url}/includes/api.php`, body, headers: { "content-type": "application/x-www-form-urlencoded" }, expected: 200 };
}

/** `POST /v1/tickets` with Basic credentials. */
export function restCall(url: string, ticket: object, expected: number, headers: Record<string, string> = {}): FixedRequest {
  const authorization = `Basic ${Buffer.from(`${BENCH_CREDENTIALS.identifier}:${BENCH_CREDENTIALS.secret}`).toString("base64")}`;
  return { url: `${url}/v1/tickets`, body: JSON.stringify(ticket), headers: { "content-type": "application/json", authorization, ...headers }, expected };
}

const asyncCall = (url: string) => restCall(url, sampleTicket(), 202, { prefer: "respond-async" });

/** The call of the baselines' routes. */
export function bareCall(url: string, expected: number, more: object = {}): FixedRequest {
  return { url: `${url}/`, body: JSON.stringify({ ...sampleTicket(), ...more }), headers: { "content-type": "application/json" }, expected };
}
