import { setTimeout as sleep } from "node:timers/promises";
import mongoose from "mongoose";
import { startProcess } from "../../support/processes.ts";
import { backlogRate } from "../harness/backlog.ts";
import type { BenchContext } from "../harness/context.ts";
import { atLeast, inTurns, type Measured, makeRow, NO_GOAL, type Row } from "../harness/measure.ts";
import { MAILING_DEPARTMENT, sampleTicket } from "../harness/tickets.ts";
import { MAIL_SINK, OUR_WORKER, QUEUE } from "../programs.ts";

export const twoWorkers = (context: BenchContext) => severalWorkers(context, 2);
export const fourWorkers = (context: BenchContext) => severalWorkers(context, 4);

async function severalWorkers(context: BenchContext, workers: number): Promise<Row> {
  const load = { queueName: QUEUE, jobs: context.isQuick ? 500 : 20_000 };
  const sides = await inTurns(
    context.rounds,
    () => backlogRate(context, OUR_WORKER, { ...load, workers }),
    () => backlogRate(context, OUR_WORKER, load),
  );
  const what = `backlog of ${load.jobs}, ${workers} worker processes against one`;
  return makeRow({ row: `W${workers}`, what, unit: "tickets/s", isRate: true, goal: NO_GOAL }, sides);
}

const LOOK_MS = 50;
/** Longest time for the mails after the last ticket, ms: what found no place beside the others is sent after a minute. */
const MAILS_TIMEOUT_MS = 300_000;

/** A relay of one's own: as many connections as Postfix takes from one client, and none is renewed. */
const RELAY_SETTINGS = { MAIL_FROM: "bench@example.test", MAIL_MAX_CONNECTIONS: "50", MAIL_MAX_MESSAGES_PER_CONNECTION: "100000" };

/** A backlog whose every ticket owes a mail, until the last mail is taken, against the same without mails. */
export async function withMail(context: BenchContext): Promise<Row> {
  const jobs = context.isQuick ? 300 : 20_000;
  const ours = () => throughRelay(context, { jobs, env: RELAY_SETTINGS, waitsForMails: true });
  const sides = await inTurns(context.rounds, ours, () => backlogRate(context, OUR_WORKER, { queueName: QUEUE, jobs }));
  const what = `backlog of ${jobs} that owe a mail each, to a relay here that counts them, over ${RELAY_SETTINGS.MAIL_MAX_CONNECTIONS} connections, until the last mail is taken, against the same without mails`;
  return makeRow({ row: "MAIL", what, unit: "tickets/s", isRate: true, goal: atLeast(0.5) }, sides);
}

/** How long a slow relay looks at each mail, ms. */
const SLOW_RELAY_MS = 200;

/** The same until the last ticket is decided, with the connections that are the default to a relay far slower than tickets come in. */
export async function slowRelay(context: BenchContext): Promise<Row> {
  const jobs = context.isQuick ? 300 : 20_000;
  const ours = () => throughRelay(context, { jobs, env: { MAIL_FROM: RELAY_SETTINGS.MAIL_FROM }, looksForMs: SLOW_RELAY_MS });
  const sides = await inTurns(context.rounds, ours, () => backlogRate(context, OUR_WORKER, { queueName: QUEUE, jobs }));
  const what = `backlog of ${jobs} that owe a mail each, until the last ticket is decided, while a relay takes ${SLOW_RELAY_MS} ms for each mail, against the same without mails`;
  return makeRow({ row: "SLOWMAIL", what, unit: "tickets/s", isRate: true, goal: NO_GOAL }, sides);
}

interface ThroughRelay {
  jobs: number;
  env: Record<string, string>;
  looksForMs?: number;
  waitsForMails?: boolean;
}

async function throughRelay(context: BenchContext, { jobs, env, looksForMs = 0, waitsForMails = false }: ThroughRelay): Promise<Measured> {
  const { noemail: _, ...mailing } = { ...sampleTicket(), deptid: MAILING_DEPARTMENT };
  const sink = await startProcess(MAIL_SINK, {}, [String(looksForMs)]);
  const [smtp = "", http = ""] = sink.readyLine.match(/(smtp|http):\S+/g) ?? [];
  try {
    return await backlogRate(context, OUR_WORKER, {
      queueName: QUEUE,
      jobs,
      ticketOf: () => mailing,
      env: { SMTP_URL: smtp, ...env },
      others: { relay: sink },
      ...(waitsForMails && { settled: (owed: number) => allTaken(http, owed) }),
    });
  } finally {
    await sink.stop();
    if (!waitsForMails) await forgetOwed(context);
  }
}

/** The workers of the other side would find the mails overdue. */
async function forgetOwed(context: BenchContext): Promise<void> {
  const connection = await mongoose.createConnection(context.mongodbUrl).asPromise();
  await connection.collection("tickets").updateMany({ dueAt: { $exists: true } }, { $unset: { dueAt: "" } });
  await connection.close();
}

async function allTaken(relay: string, owed: number): Promise<void> {
  const deadline = performance.now() + MAILS_TIMEOUT_MS;
  for (;;) {
    const taken = Number(await (await fetch(relay)).text());
    if (taken >= owed) return;
    if (performance.now() > deadline) throw new Error(`${taken} of ${owed} mails after ${MAILS_TIMEOUT_MS} ms`);
    await sleep(LOOK_MS);
  }
}
