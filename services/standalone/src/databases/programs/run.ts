import { execFile } from "node:child_process";

export type Ran = { kind: "ok"; stdout: string } | { kind: "failed"; reason: string };

/** Runs a program to its end, at most `timeoutMs`; the reason of a failure is the last line that it wrote, or the system's. */
export function run(path: string, args: string[], { timeoutMs, env }: { timeoutMs: number; env?: NodeJS.ProcessEnv }): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(path, args, { timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: 1024 * 1024, ...(env && { env }) }, (error, stdout, stderr) => {
      if (!error) return resolve({ kind: "ok", stdout });
      if (error.killed) return resolve({ kind: "failed", reason: `no end within ${timeoutMs / 1000} s` });
      const line = stderr
        .trim()
        .split("\n")
        .findLast((text) => text.trim() !== "");
      resolve({ kind: "failed", reason: line?.trim() || (error.code === "ENOENT" ? `there is no ${path}` : error.message.trim()) });
    });
  });
}
