import { setTimeout as sleep } from "node:timers/promises";
import { makeOperatorQueue, type OperatorQueue } from "@openticket/client";
import { messageOf } from "@openticket/runtime";
import { makeStoreOperations, type StoreOperations } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { CliFailure } from "../failure.ts";

const LOOK_MS = 500;
/** So long nothing has to be under way, ms: a door hears within 3 s that it is closed, and takes requests until then. */
const QUIET_MS = 4000;
const STAY_CLOSED = "The doors stay closed; opentickets drain --open opens them.";

/** `opentickets drain`: closes the doors and waits until nothing is under way. */
export const drainCommand: Command = (parser, wrap) =>
  parser.command(
    "drain",
    "Close the doors (503 with Retry-After) and wait until nothing is under way; --open opens them again",
    (command) =>
      command
        .option("open", { type: "boolean", default: false, describe: "Open the doors again" })
        .option("timeout", { type: "number", default: 300, describe: "Seconds to wait; the doors stay closed either way" })
        .example("$0 drain && systemctl restart redis && $0 drain --open", "Maintenance without a lost request"),
    wrap(drain),
  );

async function drain({ open, timeout }: { open: boolean; timeout: number }, { connections, output }: CommandDeps): Promise<undefined> {
  const queue = makeOperatorQueue(await connections.redis());
  try {
    if (open) {
      await queue.setClosed(false);
      return output.answer({ isClosed: false }, () => "The doors are open.") as undefined;
    }
    // Whoever cannot see what is under way closes nothing.
    const operations = makeStoreOperations(await connections.store());
    await queue.setClosed(true);
    const left = await untilEmpty(() => underWay(queue, operations), output, timeout).catch((fault: unknown) => {
      throw new CliFailure(`${messageOf(fault)}\n${STAY_CLOSED}`);
    });
    if (left > 0) throw new CliFailure(`${left} requests and deliveries are still under way after ${timeout} s. ${STAY_CLOSED}`);
    output.answer({ isClosed: true, left }, () => `Nothing is under way. ${STAY_CLOSED}`);
  } finally {
    await queue.close();
  }
}

async function underWay(queue: OperatorQueue, operations: StoreOperations): Promise<number> {
  const [{ waiting, active, delayed }, { owing, undecided }] = await Promise.all([queue.counts(), operations.underWay()]);
  return Math.max(waiting + active + delayed, undecided) + owing;
}

/** Ends when nothing was left at any look of {@link QUIET_MS}, or when the time is over: then with what is left. */
async function untilEmpty(look: () => Promise<number>, output: CommandDeps["output"], timeoutS: number): Promise<number> {
  const deadline = performance.now() + timeoutS * 1000;
  let left = await look();
  let emptySince = performance.now();
  const progress = output.progress("drained", left);
  while (left > 0 ? performance.now() < deadline : performance.now() - emptySince < QUIET_MS) {
    await sleep(LOOK_MS);
    const next = await look();
    progress.step(Math.max(0, left - next));
    if (left > 0) emptySince = performance.now();
    left = next;
  }
  progress.end();
  return left;
}
