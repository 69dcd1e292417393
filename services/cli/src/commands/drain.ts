import { setTimeout as sleep } from "node:timers/promises";
import { makeOperatorQueue } from "@openticket/client";
import { makeStoreOperations } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { CliFailure } from "../failure.ts";

const LOOK_MS = 500;

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
  const queue = makeOperatorQueue(connections.redis());
  try {
    await queue.setClosed(!open);
    if (open) return output.answer({ isClosed: false }, () => "The doors are open.") as undefined;
    const left = await untilEmpty(queue, { connections, output }, timeout);
    if (left > 0)
      throw new CliFailure(
        `${left} requests and deliveries are still under way after ${timeout} s. The doors stay closed; opentickets drain --open opens them.`,
      );
    output.answer({ isClosed: true, left }, () => "Nothing is under way. The doors stay closed; opentickets drain --open opens them.");
  } finally {
    await queue.close();
  }
}

async function untilEmpty(queue: ReturnType<typeof makeOperatorQueue>, { connections, output }: CommandDeps, timeoutS: number): Promise<number> {
  const operations = makeStoreOperations(await connections.store());
  const left = async () => {
    const [{ waiting, active, delayed }, { owing, undecided }] = await Promise.all([queue.counts(), operations.underWay()]);
    return Math.max(waiting + active + delayed, undecided) + owing;
  };
  const deadline = performance.now() + timeoutS * 1000;
  let now = await left();
  const progress = output.progress("drained", now);
  while (now > 0 && performance.now() < deadline) {
    await sleep(LOOK_MS);
    const next = await left();
    progress.step(Math.max(0, now - next));
    now = next;
  }
  progress.end();
  return now;
}
