import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** False while the program runs; throws when it has ended, which is no use to wait for. */
export function requireRunning({ exitCode, signalCode }: ChildProcess, name: string): false {
  if (exitCode !== null || signalCode !== null) throw new Error(`${name} ended with ${exitCode ?? signalCode}`);
  return false;
}

/** Asks the program to end, and waits for it. */
export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
