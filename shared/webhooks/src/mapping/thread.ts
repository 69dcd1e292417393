import { parentPort } from "node:worker_threads";
import { evaluateEvent } from "./evaluate-event.ts";
import type { EventTask, ThreadAnswer } from "./event-messages.ts";
import { makeSandbox } from "./sandbox.ts";

/**
 * The thread that evaluates expressions: each message to it is an event with its source's mapping, each message back what it
 * is by that. It ends only by being ended, or by an expression that exhausts it.
 */
const sandbox = makeSandbox();
const answer = (message: ThreadAnswer | { kind: "ready" }) => parentPort?.postMessage(message);

parentPort?.on("message", async (task: EventTask) => answer({ kind: "read", reading: await evaluateEvent(task, sandbox) }));
answer({ kind: "ready" });
