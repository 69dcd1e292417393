import { makeOperatorQueue } from "@openticket/client";
import type { InboundState } from "@openticket/contract";
import { auditStore, type Difference, makeMongoInbound, type StoreConnection, undecidedRequests } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { table } from "../output.ts";

const MS_PER_MINUTE = 60_000;

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
  const queue = makeOperatorQueue(connections.redis());
  const store = await connections.store();
  const { now } = await connections.clock();
  const found = await auditStore(store, { now: now(), overdueMs: overdueMinutes * MS_PER_MINUTE });
  const lost = await stillMissing(found.undecided, queue, store);
  const lostMail = await stillMissingMail(found.undecidedMail, queue, store);
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
    ...lost.map((about) => ({ kind: "lost" as const, about, detail: "was accepted, and is neither decided nor in the queue; the workers enqueue it again" })),
    ...lostMail.map((about) => ({ kind: "lost" as const, about, detail: "came in, and is neither decided nor in the queue; the workers enqueue it again" })),
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

/** Looked up in the queue, then once more in the store: a request may have been decided between the two. */
async function stillMissing(undecided: readonly string[], queue: ReturnType<typeof makeOperatorQueue>, store: StoreConnection): Promise<string[]> {
  const missing = await queue.missing(undecided);
  if (missing.length === 0) return [];
  const again = new Set(await undecidedRequests(store));
  return missing.filter((requestId) => again.has(requestId));
}

/** The same for messages, which their jobs decide. */
async function stillMissingMail(
  undecided: readonly { id: string; requestId: string }[],
  queue: ReturnType<typeof makeOperatorQueue>,
  store: StoreConnection,
): Promise<string[]> {
  const missing = new Set(await queue.missing(undecided.map(({ requestId }) => requestId)));
  const inbound = makeMongoInbound(store, { now: () => new Date() });
  const again = await Promise.all(undecided.filter(({ requestId }) => missing.has(requestId)).map(({ id }) => inbound.find(id)));
  return again.flatMap((record) => (record?.state === "stored" ? [record._id] : []));
}
