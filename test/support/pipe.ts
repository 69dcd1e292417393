import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The program that a mail server starts. */
export const OPENTICKETS = fileURLToPath(new URL("../../services/cli/bin/opentickets.mjs", import.meta.url));

export interface Piped {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `opentickets pipe` with these arguments and this mail; `env` is all of its environment. */
export async function runPipe(args: readonly string[], mail: string | Uint8Array = "", env: Record<string, string> = {}): Promise<Piped> {
  const child = spawn(process.execPath, [OPENTICKETS, "pipe", ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  // It may end before it has read everything.
  child.stdin.on("error", () => undefined);
  child.stdin.end(typeof mail === "string" ? Buffer.from(mail, "latin1") : mail);
  await once(child, "close");
  return { exitCode: child.exitCode, ...said };
}
