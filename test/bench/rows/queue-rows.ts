import { type Backlog, backlogRate } from "../harness/backlog.ts";
import type { BenchContext } from "../harness/context.ts";
import { atLeast, atMost, type Goal, inTurns, lowerP99, makeRow, NO_GOAL, type Row } from "../harness/measure.ts";
import { type RepliedLoad, replied } from "../harness/replied.ts";
import { sampleTicket } from "../harness/tickets.ts";
import { NOOP_WORKER, OUR_WORKER, PLAIN_WORKER, QUEUE } from "../programs.ts";

/** P1. */
export const backlog = (context: BenchContext) =>
  workedOff(context, {
    row: "P1",
    whatOf: (jobs) => `backlog of ${jobs} valid 1 kB tickets, one worker process, against a worker that does nothing`,
    goal: atLeast(0.8),
  });
/** The same by workers that have just started. */
export const coldBacklog = (context: BenchContext) =>
  workedOff(context, {
    row: "COLD",
    whatOf: (jobs) => `the backlog of P1, ${jobs} tickets, by workers that have just started`,
    goal: NO_GOAL,
    warmUp: 0,
  });

interface WorkedOff extends Pick<Backlog, "warmUp"> {
  row: string;
  whatOf(jobs: number): string;
  goal: Goal;
}

async function workedOff(context: BenchContext, { row, whatOf, goal, ...warmUp }: WorkedOff): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 500 : 20_000, ...warmUp };
  const sides = await inTurns(
    context.rounds,
    () => backlogRate(context, OUR_WORKER, load),
    () => backlogRate(context, NOOP_WORKER, load),
  );
  const plain = await backlogRate(context, PLAIN_WORKER, load);
  return makeRow({ row, what: whatOf(load.jobs), unit: "tickets/s", isRate: true, goal }, sides, { plainWorkerRate: plain.value });
}

/** P2. */
export const manyInFlight = (context: BenchContext) => inFlight(context, { row: "P2", count: 1000, jobs: 20_000, goal: atLeast(5), isLowerP99Asked: true });
export const fiftyInFlight = (context: BenchContext) => inFlight(context, { row: "R50", count: 50, jobs: 5000, goal: NO_GOAL });
export const twoHundredInFlight = (context: BenchContext) => inFlight(context, { row: "R200", count: 200, jobs: 10_000, goal: NO_GOAL });

interface InFlight {
  row: string;
  count: number;
  jobs: number;
  goal: Goal;
  isLowerP99Asked?: boolean;
}

async function inFlight(context: BenchContext, { row, count, jobs, goal, isLowerP99Asked = false }: InFlight): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 300 : jobs, inFlight: context.isQuick ? Math.min(count, 100) : count };
  const sides = await inTurns(
    context.rounds,
    () => replied(context, OUR_WORKER, load),
    () => replied(context, PLAIN_WORKER, load),
  );
  const what = `${load.jobs} with reply, ${load.inFlight} in flight, against the plain worker`;
  return makeRow({ row, what, unit: "tickets/s", isRate: true, goal, conditions: isLowerP99Asked ? [lowerP99(sides)] : [] }, sides);
}

/** P3. */
export async function oneInFlight(context: BenchContext): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 50 : 1000, inFlight: 1 };
  const p50 = async (program: string) => {
    const measured = await replied(context, program, load);
    return { ...measured, value: measured.latencyMs?.p50 ?? Number.NaN };
  };
  const sides = await inTurns(
    context.rounds,
    () => p50(OUR_WORKER),
    () => p50(PLAIN_WORKER),
  );
  return makeRow({ row: "P3", what: "one request in flight, p50, against the plain worker", unit: "ms", isRate: false, goal: atMost(1) }, sides);
}

/** Our replies against BullMQ's own way to wait for a result. */
export async function waitingForResults(context: BenchContext): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 300 : 5000, inFlight: context.isQuick ? 50 : 200 };
  const sides = await inTurns(
    context.rounds,
    () => replied(context, OUR_WORKER, load),
    () => replied(context, PLAIN_WORKER, { ...load, via: "waitUntilFinished" }),
  );
  const what = `with reply, ${load.inFlight} in flight, against the plain worker and waitUntilFinished`;
  return makeRow({ row: "WAIT", what, unit: "tickets/s", isRate: true, goal: NO_GOAL }, sides);
}

/** One ticket in ten is wrong, against none. */
export async function mixed(context: BenchContext): Promise<Row> {
  const load: RepliedLoad = { queueName: QUEUE, jobs: context.isQuick ? 300 : 10_000, inFlight: context.isQuick ? 50 : 200 };
  const isValid = (n: number) => n % 10 !== 0;
  const ticketOf = (n: number) => (isValid(n) ? sampleTicket() : { ...sampleTicket(), deptid: 999_999 });
  const sides = await inTurns(
    context.rounds,
    () => replied(context, OUR_WORKER, { ...load, ticketOf, isValid }),
    () => replied(context, OUR_WORKER, load),
  );
  const what = `with reply, ${load.inFlight} in flight, one in ten invalid, against all valid`;
  return makeRow({ row: "MIX", what, unit: "requests/s", isRate: true, goal: NO_GOAL }, sides);
}
