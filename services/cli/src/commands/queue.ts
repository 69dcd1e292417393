import { setTimeout as sleep } from "node:timers/promises";
import { makeOperatorQueue, type QueueCounts } from "@openticket/client";
import { makeStoreOperations } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { ago, table } from "../output.ts";

/** Seconds over which rates are taken. */
const DEFAULT_SECONDS = 5;

/** `opentickets queue`: depths, the oldest job, and what came and went while it looked. */
export const queueCommand: Command = (parser, wrap) =>
  parser.command(
    "queue",
    "Depths, rates and the oldest job of the command queue",
    (command) =>
      command
        .option("seconds", { type: "number", default: DEFAULT_SECONDS, describe: "How long to look for the rates; 0: do not" })
        .example("$0 queue --seconds 30", "Rates over half a minute"),
    wrap(look),
  );

async function look({ seconds }: { seconds: number }, { connections, output }: CommandDeps): Promise<undefined> {
  const queue = makeOperatorQueue(connections.redis());
  const operations = makeStoreOperations(await connections.store());
  const [before, decidedBefore] = [await queue.counts(), await decidedIn(operations)];
  await sleep(seconds * 1000);
  const [after, decidedAfter] = [await queue.counts(), await decidedIn(operations)];
  await queue.close();
  const decidedPerSecond = seconds > 0 ? (decidedAfter - decidedBefore) / seconds : undefined;
  const arrivedPerSecond = seconds > 0 && decidedPerSecond !== undefined ? Math.max(0, (held(after) - held(before)) / seconds + decidedPerSecond) : undefined;
  const rows = [
    ["waiting", after.waiting, after.oldestWaitingAt && `oldest ${ago(after.oldestWaitingAt)}`],
    ["in work", after.active, `${after.workers} workers`],
    ["put back for a time", after.delayed, ""],
    ["failed, not yet dead letters", after.failed, ""],
    ["arrived", arrivedPerSecond?.toFixed(1), "a second"],
    ["decided", decidedPerSecond?.toFixed(1), "a second"],
  ];
  output.answer({ ...after, arrivedPerSecond, decidedPerSecond, seconds }, () => table(["", "", ""], rows));
}

async function decidedIn(operations: ReturnType<typeof makeStoreOperations>): Promise<number> {
  const { tickets, replies, rejections } = await operations.counts();
  return tickets + replies + rejections;
}

function held({ waiting, active, delayed }: QueueCounts): number {
  return waiting + active + delayed;
}
