import { parentPort } from "node:worker_threads";
import { understandMail } from "../understand-mail.ts";
import type { ThreadAnswer } from "./thread-messages.ts";

/**
 * The thread that understands mails: each message to it is a raw mail, each message back what it says. It ends only by
 * being ended, or by a mail that exhausts it.
 */
const answer = (message: ThreadAnswer) => parentPort?.postMessage(message);

parentPort?.on("message", (raw: Uint8Array) => answer(read(raw)));
answer({ kind: "ready" });

function read(raw: Uint8Array): ThreadAnswer {
  try {
    return { kind: "understood", mail: understandMail(raw) };
  } catch (error) {
    // Whatever it is, it is this mail's: the thread goes on with others.
    return { kind: "unreadable", reason: `the parser failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}
