import { setTimeout as sleep } from "node:timers/promises";
import { makeOperatorQueue, type OperatorQueue, type QueueCounts } from "@openticket/client";
import { makeStoreOperations, type StoreOperations } from "@openticket/store";
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
  const queue = makeOperatorQueue(await connections.redis());
  const operations = makeStoreOperations(await connections.store());
  const before = await lookAt(queue, operations);
  await sleep(seconds * 1000);
  const after = await lookAt(queue, operations);
  await queue.close();
  const { counts } = after;
  const { arrivedPerSecond, decidedPerSecond } = seconds > 0 ? ratesOf(before, after) : {};
  const rows = [
    ["waiting", counts.waiting, counts.oldestWaitingAt && `oldest ${ago(counts.oldestWaitingAt)}`],
    ["in work", counts.active, `${counts.workers} workers`],
    ["put back for a time", counts.delayed, ""],
    ["failed, not yet dead letters", counts.failed, ""],
    ["arrived", arrivedPerSecond?.toFixed(1), "a second"],
    ["decided", decidedPerSecond?.toFixed(1), "a second"],
  ];
  output.answer({ ...counts, arrivedPerSecond, decidedPerSecond, seconds }, () => table(["", "", ""], rows));
}

interface Look {
  counts: QueueCounts;
  /** Requests that were ever decided, less those forgotten since. */
  decided: number;
  /** Of a clock that never goes back. */
  atMs: number;
}

async function lookAt(queue: OperatorQueue, operations: StoreOperations): Promise<Look> {
  const atMs = performance.now();
  const [counts, { tickets, replies, rejections }] = await Promise.all([queue.counts(), operations.sizes()]);
  return { counts, decided: tickets + replies + rejections, atMs };
}

/** What came and went between two looks, a second; at least, where rejections were forgotten meanwhile. */
export function ratesOf(before: Look, after: Look): { arrivedPerSecond: number; decidedPerSecond: number } {
  const seconds = (after.atMs - before.atMs) / 1000;
  const decidedPerSecond = Math.max(0, (after.decided - before.decided) / seconds);
  return { arrivedPerSecond: Math.max(0, (held(after.counts) - held(before.counts)) / seconds + decidedPerSecond), decidedPerSecond };
}

function held({ waiting, active, delayed }: QueueCounts): number {
  return waiting + active + delayed;
}
