import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./run.mjs";

const [NEEDED_MAJOR, NEEDED_MINOR] = [20, 19];
/** Says which lock file the installed packages are of. */
const STAMP = join(ROOT, "node_modules", ".openticket-installed");

/** Installs the packages of the lock file unless they are installed already. Throws with one clear line when it cannot. */
export async function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < NEEDED_MAJOR || (major === NEEDED_MAJOR && minor < NEEDED_MINOR)) {
    throw new Error(`Node ${NEEDED_MAJOR}.${NEEDED_MINOR} or later is needed, this is ${process.versions.node}`);
  }
  const wanted = stampOf();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  console.log("installing packages (npm ci), about half a minute on a fresh clone …");
  // Its tools are needed also where NODE_ENV=production would leave them out.
  const code = await run(npm(), ["ci", "--include=dev", "--loglevel=error"]);
  if (code !== 0) throw new Error(`npm ci ended with ${code}: see above; a package registry must be within reach`);
  mkdirSync(join(ROOT, "node_modules"), { recursive: true });
  writeFileSync(STAMP, wanted);
}

function stampOf() {
  const lock = readFileSync(join(ROOT, "package-lock.json"));
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform} ${process.arch} ${process.versions.modules}\n`;
}

function npm() {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}
