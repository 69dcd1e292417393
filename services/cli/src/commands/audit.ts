import { makeOperatorQueue } from "@openticket/client";
import { auditStore, type Difference } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { table } from "../output.ts";

const MS_PER_MINUTE = 60_000;

/** `opentickets audit`: holds what was accepted against what became of it. Exit code 1 when they differ. */
export const auditCommand: Command = (parser, wrap) =>
  parser.command(
    "audit",
    "Check that accepted = tickets + replies + rejected + dead + waiting, and name every difference",
    (command) =>
      command
        .option("overdue-minutes", { type: "number", default: 60, describe: "How long a delivery may be owed without having been tried" })
        .example("$0 audit --json", "For monitoring; the exit code is 1 when something differs"),
    wrap(audit),
  );

async function audit({ overdueMinutes }: { overdueMinutes: number }, { connections, output }: CommandDeps): Promise<number> {
  const queue = makeOperatorQueue(connections.redis());
  const store = await connections.store();
  const found = await auditStore(store, { now: new Date(), overdueMs: overdueMinutes * MS_PER_MINUTE });
  const lost = await stillMissing(found.undecided, queue, store);
  const queued = await queue.counts();
  await queue.close();
  const { tickets, replies, rejected, dead } = found.counts;
  const waiting = queued.waiting + queued.active + queued.delayed + queued.failed;
  const differences: Difference[] = [
    ...found.differences,
    ...lost.map((about) => ({ kind: "lost" as const, about, detail: "was accepted, and is neither decided nor in the queue; the workers enqueue it again" })),
  ];
  const accepted = tickets + replies + rejected + dead + waiting + lost.length;
  const answer = { agrees: differences.length === 0, accepted, tickets, replies, rejected, dead, waiting, differences };
  output.answer(answer, () => {
    const sums = table(
      ["accepted", "= tickets", "+ replies", "+ rejected", "+ dead", "+ waiting", "+ differences"],
      [[accepted, tickets, replies, rejected, dead, waiting, lost.length]],
    );
    return differences.length === 0
      ? `${sums}\n\nEverything that was accepted is accounted for.`
      : `${sums}\n\n${table(
          ["difference", "about", ""],
          differences.map((one) => [one.kind, one.about, one.detail]),
        )}`;
  });
  return differences.length === 0 ? 0 : 1;
}

/** Looked up in the queue, then once more in the store: a request may have been decided between the two. */
async function stillMissing(
  undecided: readonly string[],
  queue: ReturnType<typeof makeOperatorQueue>,
  store: Parameters<typeof auditStore>[0],
): Promise<string[]> {
  const missing = await queue.missing(undecided);
  if (missing.length === 0) return [];
  const again = new Set((await auditStore(store, { now: new Date(), overdueMs: Number.MAX_SAFE_INTEGER / 2 })).undecided);
  return missing.filter((requestId) => again.has(requestId));
}
