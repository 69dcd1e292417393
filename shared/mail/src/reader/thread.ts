import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "@openticket/runtime";
import { understandMail } from "../understand-mail.ts";
import type { MailReading, ThreadAnswer, ThreadStart, ThreadTask } from "./thread-messages.ts";

/**
 * The thread that understands mails: each message to it is some raw mails, each message back what they say. It ends only by
 * being ended, or by a mail that exhausts it.
 */
const answer = (message: ThreadAnswer | { kind: "ready" }) => parentPort?.postMessage(message);
const { withHtml } = workerData as ThreadStart;

parentPort?.on("message", ({ bytes, ends }: ThreadTask) => {
  const readings = ends.map((end, index) => read(bytes.subarray(ends[index - 1] ?? 0, end)));
  answer({ kind: "read", readings });
});
answer({ kind: "ready" });

function read(raw: Uint8Array): MailReading {
  try {
    return { kind: "understood", mail: understandMail(raw, { withHtml }) };
  } catch (error) {
    // Whatever it is, it is this mail's: the thread goes on with others.
    return { kind: "unreadable", reason: `the parser failed: ${messageOf(error)}` };
  }
}
