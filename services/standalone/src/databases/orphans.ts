import { readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { commandLine, startedAt } from "./process-identity.ts";
import type { Progress } from "./start-failure.ts";

/** How long a left-over database may take to stop before it is killed, ms. */
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/**
 * Stops the database that a killed start has left running on `folder`. A process id alone may belong to somebody else by
 * now, so only a process whose arguments hold our folder is touched. Call it with the data folder locked: then its owner is gone.
 */
export async function stopOrphan({ name, folder, progress }: { name: string; folder: string; progress: Progress }): Promise<void> {
  const pidPath = pidPathOf(folder);
  const pid = Number(await readFile(pidPath, "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid <= 0) return;
  if ((await commandLine(pid))?.includes(folder)) {
    progress(`${name}: still running after a start that was killed (process ${pid}); stopping it`);
    await end(pid);
  }
  await rm(pidPath, { force: true });
}

/** Where the id of the process on a database folder is noted: beside it, for the folder is the database's own. */
export function pidPathOf(folder: string): string {
  return `${folder}.pid`;
}

async function end(pid: number): Promise<void> {
  const identity = await startedAt(pid);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    signalIfThere(pid, signal);
    for (const until = performance.now() + STOP_TIMEOUT_MS; performance.now() < until; await delay(POLL_MS)) {
      if ((await startedAt(pid)) !== identity) return;
    }
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
