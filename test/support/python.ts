import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const EXAMPLE = fileURLToPath(new URL("../../examples/python/", import.meta.url));
const INSTALL_TIMEOUT_MS = 180_000;
const RUN_TIMEOUT_MS = 60_000;

/**
 * A Python with what the example needs, in the cache folder: made once for each state of its requirements. Undefined,
 * with a loud line, where there is no Python or its packages cannot be had.
 */
export async function findPython(): Promise<string | undefined> {
  const requirements = join(EXAMPLE, "requirements.txt");
  const state = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16);
  const { OPENTICKET_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const cache = OPENTICKET_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "openticket");
  const folder = join(cache, `python-${state}`);
  const python = join(folder, "bin", "python");
  if (existsSync(python)) return python;
  const making = `${folder}.${process.pid}`;
  try {
    await mkdir(cache, { recursive: true });
    await run("python3", ["-m", "venv", making], { timeout: INSTALL_TIMEOUT_MS });
    await run(join(making, "bin", "python"), ["-m", "pip", "install", "--quiet", "-r", requirements], { timeout: INSTALL_TIMEOUT_MS });
    await rename(making, folder);
    return python;
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    console.warn(`\n*** SKIPPED: the Python example is not tried, for it cannot be installed here: ${error instanceof Error ? error.message : error}\n`);
    return undefined;
  }
}

export interface PythonRun {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs the example with these arguments. */
export async function runExample(python: string, args: readonly string[]): Promise<PythonRun> {
  try {
    const { stdout, stderr } = await run(python, [join(EXAMPLE, "open_ticket.py"), ...args], { timeout: RUN_TIMEOUT_MS });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}
