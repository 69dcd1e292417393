import type { Trial } from "./find-program.ts";
import { run } from "./run.ts";

/** Printing a version takes milliseconds; a cold disk may take this long, ms. */
const TIMEOUT_MS = 10_000;

/** Runs `path --version` and refuses what is older than the services can use. */
export async function tryVersion({ path, pattern, oldest }: { path: string; pattern: RegExp; oldest: readonly [number, number] }): Promise<Trial> {
  const ran = await run(path, ["--version"], { timeoutMs: TIMEOUT_MS });
  if (ran.kind === "failed") return { kind: "fails", reason: ran.reason };
  const match = pattern.exec(ran.stdout);
  const version = match?.[1];
  if (!version) return { kind: "fails", reason: `its version cannot be read from ${JSON.stringify(ran.stdout.slice(0, 80))}` };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) return { kind: "fails", reason: `version ${version} is older than ${oldest.join(".")}` };
  return { kind: "runs", version };
}
