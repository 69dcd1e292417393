import { Worker } from "node:worker_threads";
import { evaluateEvent } from "./evaluate-event.ts";
import type { EventTask, ThreadAnswer } from "./event-messages.ts";
import { makeSandbox } from "./sandbox.ts";

/**
 * The program that evaluates expressions, a process of its own: each message to it is an event with its source's mapping, each
 * message back what it is by that. It ends when it is ended, when an expression exhausts it, and when whoever started it ends.
 */
const ORPHAN_WATCH = "const parent = process.ppid; setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1000)";
// A thread: an expression without end lets this one hear of nothing.
new Worker(ORPHAN_WATCH, { eval: true, execArgv: [] }).unref();

const sandbox = makeSandbox();
const answer = (message: ThreadAnswer | { kind: "ready" }) => process.send?.(message);

process.on("message", async (task: EventTask) => answer({ kind: "read", reading: await evaluateEvent(task, sandbox) }));
answer({ kind: "ready" });
