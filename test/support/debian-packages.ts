import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const DOWNLOAD_TIMEOUT_MS = 120_000;

/**
 * Debian packages, and the libraries that they need, as files in the cache folder: nothing is installed. Undefined, with a
 * loud line, where they cannot be had or used.
 */
export async function findPackages(what: string, names: readonly string[]): Promise<string[] | undefined> {
  const { OPENTICKET_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const folder = join(OPENTICKET_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "openticket"), what.toLowerCase());
  try {
    if (process.getuid?.() !== 0) throw new Error("it wants to be root");
    await mkdir(folder, { recursive: true });
    const needed = await Promise.all(names.map(librariesOf));
    const wanted = [...new Set([...names, ...needed.flat()])];
    const present = await readdir(folder);
    const missing = wanted.filter((name) => !present.some((file) => file.startsWith(`${name}_`)));
    if (missing.length > 0) await run("apt-get", ["download", ...missing], { cwd: folder, timeout: DOWNLOAD_TIMEOUT_MS });
    return (await readdir(folder)).filter((file) => file.endsWith(".deb")).map((file) => join(folder, file));
  } catch (error) {
    console.warn(`\n*** SKIPPED: ${what} is not tried, for it cannot be had here: ${error instanceof Error ? error.message : error}\n`);
    return undefined;
  }
}

async function librariesOf(name: string): Promise<string[]> {
  const { stdout } = await run("apt-cache", ["depends", name]);
  return [...stdout.matchAll(/Depends: (lib\S+)/g)].map(([, library = ""]) => library).filter((library) => library !== "libc6" && library !== "libpam-runtime");
}

/** Unpacks them to a folder. */
export async function unpackPackages(files: readonly string[], folder: string): Promise<void> {
  for (const file of files) await run("dpkg", ["-x", file, folder]);
}
