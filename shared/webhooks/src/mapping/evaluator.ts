import { reasonOfEnd, startThread, type Thread } from "@openticket/runtime";
import { z } from "zod";
import type { EvaluatorAnswer, EvaluatorTask, ThreadAnswer } from "./event-messages.ts";

/**
 * The process that evaluates expressions, in a thread: the process is what one large value takes along, the thread is what
 * can be ended when it takes too long. Each message to it is an event with its source's mapping and its time, each message
 * back what came of it. It ends with whoever has started it.
 */
const { maxMemoryMb } = z.object({ maxMemoryMb: z.coerce.number() }).parse({ maxMemoryMb: process.argv[2] });
/** Room for new values, MB: with V8's own choice one expression may take twice the limit before anybody looks. */
const MAX_YOUNG_MB = 16;
let thread = startEvaluation();

process.on("message", async ({ task, limitMs }: EvaluatorTask) => answer(await evaluated(task, limitMs)));
process.on("disconnect", () => process.exit());
answer({ kind: "ready" });

async function evaluated(task: EvaluatorTask["task"], limitMs: number): Promise<EvaluatorAnswer> {
  const outcome = await thread.ask(task, limitMs);
  if (outcome.kind === "answered") return outcome.answer;
  thread = startEvaluation();
  return outcome.kind === "late" ? outcome : { kind: "spent", because: endOf(outcome.error) };
}

function startEvaluation(): Thread<ThreadAnswer> {
  return startThread<ThreadAnswer>({
    name: "a thread for the expressions of webhooks",
    from: import.meta.url,
    source: "./thread.ts",
    bundled: "./event-thread.mjs",
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb, maxYoungGenerationSizeMb: MAX_YOUNG_MB },
  });
}

function endOf(error: Error | undefined): string {
  return reasonOfEnd(error, { maxMemoryMb, doing: "for its expressions", crashed: "its expressions crashed their thread" });
}

function answer(message: EvaluatorAnswer | { kind: "ready" }): void {
  process.send?.(message);
}
