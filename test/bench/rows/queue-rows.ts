import { backlogRate } from "../harness/backlog.ts";
import type { BenchContext } from "../harness/context.ts";
import { atLeast, atMost, inTurns, makeRow, type Row } from "../harness/measure.ts";
import { replied } from "../harness/replied.ts";
import { NOOP_WORKER, OUR_WORKER, PLAIN_WORKER, QUEUE } from "../programs.ts";

export async function backlog(context: BenchContext): Promise<Row> {
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

export async function manyInFlight(context: BenchContext): Promise<Row> {
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

export async function oneInFlight(context: BenchContext): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 50 : 1000, inFlight: 1 };
  const run = (program: string) => async () => (await replied(context, program, load)).p50Ms;
  const rounds = await inTurns(context.rounds, run(OUR_WORKER), run(PLAIN_WORKER));
  return makeRow({ row: "P3", what: "one request in flight, p50, against the plain worker", unit: "ms", isRate: false, goal: atMost(1) }, rounds);
}
