import { makeOperatorQueue, type OperatorQueue } from "@openticket/client";
import type { InboundState } from "@openticket/contract";
import {
  auditStore,
  type Difference,
  makeMongoInbound,
  type StoreAudit,
  type StoreConnection,
  type UndecidedRequest,
  undecidedRequests,
} from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { table } from "../output.ts";

const MS_PER_MINUTE = 60_000;
/** What waits for longer, ms, is looked for in the whole queue: that is done once a run, and a backlog is seldom a day old. */
const LONG_WAIT_MS = 86_400_000;

const GONE = "is neither decided nor in the queue; the workers enqueue it again";
const STRANDED = "is not decided, and its job stands in no list of the queue; delete the job's key in Redis, and the workers enqueue it again";

/** `opentickets audit`: holds what was accepted, and which messages came in, against what became of it. Exit code 1 when they differ. */
export const auditCommand: Command = (parser, wrap) =>
  parser.command(
    "audit",
    "Check that accepted = tickets + replies + rejected + dead + waiting, that every message is decided, waiting or quarantined, and name every difference",
    (command) =>
      command
        .option("overdue-minutes", { type: "number", default: 60, describe: "How long a delivery may be owed without having been tried" })
        .example("$0 audit --json", "For monitoring; the exit code is 1 when something differs"),
    wrap(audit),
  );

async function audit({ overdueMinutes }: { overdueMinutes: number }, { connections, output }: CommandDeps): Promise<number> {
  const queue = makeOperatorQueue(await connections.redis());
  const store = await connections.store();
  const { now } = await connections.clock();
  const found = await auditStore(store, { now: now(), overdueMs: overdueMinutes * MS_PER_MINUTE });
  const lost = await stillLost(await lostOf(found.undecided, queue, now()), store);
  const lostMail = await stillLostMail(await lostOf(found.undecidedMail, queue, now()), found.undecidedMail, store);
  const queued = await queue.counts();
  await queue.close();
  const { tickets, replies, rejected, dead, givenUp } = found.counts;
  const { stored = 0, ...decidedMail } = found.counts.inbound;
  const mail = { ...decidedMail, waiting: stored - lostMail.length };
  // The messages that wait have jobs in the queue as well.
  const jobsOfMail = found.undecidedMail.length - lostMail.length;
  const waiting = Math.max(0, queued.waiting + queued.active + queued.delayed + queued.failed - jobsOfMail);
  const differences: Difference[] = [
    ...found.differences,
    ...lost.map(({ about, why }) => ({ kind: "lost" as const, about, detail: `was accepted, and ${why}` })),
    ...lostMail.map(({ about, why }) => ({ kind: "lost" as const, about, detail: `came in, and ${why}` })),
  ];
  const accepted = tickets + replies + rejected + dead + waiting + lost.length;
  const answer = { agrees: differences.length === 0, accepted, tickets, replies, rejected, dead, waiting, mail, givenUp, differences };
  output.answer(answer, () => {
    const requests = table(
      ["accepted", "= tickets", "+ replies", "+ rejected", "+ dead", "+ waiting", "+ differences"],
      [[accepted, tickets, replies, rejected, dead, waiting, lost.length]],
    );
    const sums = `${requests}\n\n${messageTable(mail, lostMail.length)}${givenUpLine(givenUp)}`;
    return differences.length === 0
      ? `${sums}\n\nEverything that was accepted is accounted for.`
      : `${sums}\n\n${table(
          ["difference", "about", ""],
          differences.map((one) => [one.kind, one.about, one.detail]),
        )}`;
  });
  return differences.length === 0 ? 0 : 1;
}

/** What was given up is accounted for: it is said, and no difference. */
function givenUpLine(count: number): string {
  return count === 0 ? "" : `\n\nDeliveries of ${count} were given up: opentickets delivery list names them, delivery replay has them delivered.`;
}

type MessageOutcome = Exclude<InboundState, "stored"> | "waiting";

const OUTCOMES: Record<MessageOutcome, string> = {
  ticket: "= tickets",
  reply: "+ replies",
  occurrence: "+ occurrences",
  ignored: "+ ignored",
  refused: "+ refused",
  quarantined: "+ quarantined",
  waiting: "+ waiting",
};

/** Mails and events. */
function messageTable(came: Partial<Record<MessageOutcome, number>>, lost: number): string {
  const counts = (Object.keys(OUTCOMES) as MessageOutcome[]).map((outcome) => came[outcome] ?? 0);
  const total = counts.reduce((sum, count) => sum + count, lost);
  return table(["messages came in", ...Object.values(OUTCOMES), "+ differences"], [[total, ...counts, lost]]);
}

/** By request, why no worker will take it. What waits for long is looked for in the queue itself: its hash alone says too little. */
async function lostOf(undecided: readonly UndecidedRequest[], queue: OperatorQueue, now: Date): Promise<ReadonlyMap<string, string>> {
  const missing = await queue.missing(undecided.map(({ requestId }) => requestId));
  const old = undecided.filter(({ since }) => now.getTime() - since.getTime() > LONG_WAIT_MS);
  const stranded = await queue.stranded(old.map(({ requestId }) => requestId));
  return new Map([...stranded.map((requestId) => [requestId, STRANDED] as const), ...missing.map((requestId) => [requestId, GONE] as const)]);
}

interface Lost {
  about: string;
  why: string;
}

/** Looked up once more in the store: a request may have been decided since it was asked about. */
async function stillLost(lost: ReadonlyMap<string, string>, store: StoreConnection): Promise<Lost[]> {
  const again = lost.size === 0 ? [] : await undecidedRequests(store);
  return again.flatMap(({ requestId }) => lostAs(requestId, lost.get(requestId)));
}

/** The same for messages, which their jobs decide. */
async function stillLostMail(lost: ReadonlyMap<string, string>, undecided: StoreAudit["undecidedMail"], store: StoreConnection): Promise<Lost[]> {
  const inbound = makeMongoInbound(store, { now: () => new Date() });
  const again = await Promise.all(undecided.filter(({ requestId }) => lost.has(requestId)).map(({ id }) => inbound.find(id)));
  return again.flatMap((record) => (record?.state === "stored" ? lostAs(record._id, lost.get(record.requestId)) : []));
}

function lostAs(about: string, why: string | undefined): Lost[] {
  return why === undefined ? [] : [{ about, why }];
}
