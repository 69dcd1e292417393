import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * A process id alone says nothing: ids are used again. With the instant at which it was started it names one process.
 * Linux tells it in /proc; elsewhere `ps` does.
 */
export async function startedAt(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return ps(pid, "lstart=");
  const stat = await readOrNothing(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in brackets and may hold spaces; the start is the 22nd, in ticks since the boot.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  if (state === "Z" || start === undefined) return undefined;
  const boot = await readOrNothing("/proc/sys/kernel/random/boot_id");
  return `${boot?.trim() ?? ""}:${start}`;
}

/** The arguments of a running process, or undefined when there is none of that id. */
export async function commandLine(pid: number): Promise<string[] | undefined> {
  if (process.platform !== "linux") return (await ps(pid, "command="))?.split(" ");
  const text = await readOrNothing(`/proc/${pid}/cmdline`);
  return text ? text.split("\0").slice(0, -1) : undefined;
}

async function ps(pid: number, column: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", column, "-p", String(pid)], { timeout: 5000 });
    return stdout.trim() || undefined;
  } catch {
    // ps exits with 1 when there is no such process.
    return undefined;
  }
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    // The process has ended, before or while its file was read (ENOENT, ESRCH), or is not ours to read.
    return undefined;
  }
}
