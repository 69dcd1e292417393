import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../data-folder.ts";
import { type Progress, StartFailure } from "../start-failure.ts";
import type { Way } from "./find-program.ts";

/**
 * Fetched programs are kept as `<cache>/<platform>-<arch>/<name>-<SHA-256>`: the name says what the content must be, and
 * one rename makes it appear whole, so two starts at once do no harm and a torn or altered file is never run.
 */
export interface ProgramCache {
  /** The way of a program that an earlier start has kept. */
  way: Way;
  /** Keeps a copy and gives its path. */
  keep(path: string): Promise<string>;
}

/** The {@link ProgramCache} of one program. */
export function makeProgramCache({ cacheDir, name }: { cacheDir: string; name: string }): ProgramCache {
  const folder = join(cacheDir, `${process.platform}-${process.arch}`);
  return { way: (progress) => findKept({ folder, name, cacheDir, progress }), keep: (path) => keepCopy({ path, folder, name, cacheDir }) };
}

interface Place {
  folder: string;
  name: string;
  cacheDir: string;
}

async function findKept({ folder, name, cacheDir, progress }: Place & { progress: Progress }): ReturnType<Way> {
  const files = await readdir(folder).catch(() => []);
  for (const file of files.filter((each) => each.startsWith(`${name}-`) && each.length === name.length + 65)) {
    const path = join(folder, file);
    if ((await sha256Of(path)) === file.slice(name.length + 1)) return { kind: "found", path, origin: `the cache folder ${cacheDir}`, isNew: false };
    progress(`the ${name} kept in ${cacheDir} is damaged (wrong SHA-256); removing it`);
    await rm(path, { force: true });
  }
  return { kind: "missing", reason: `none kept in ${cacheDir}` };
}

async function keepCopy({ path, folder, name, cacheDir }: Place & { path: string }): Promise<string> {
  const draft = join(folder, `.${name}.${process.pid}.${randomBytes(4).toString("hex")}`);
  try {
    await mkdir(folder, { recursive: true });
    await copyFile(path, draft);
    await chmod(draft, 0o755);
    const kept = join(folder, `${name}-${await sha256Of(draft)}`);
    await rename(draft, kept);
    return kept;
  } catch (error) {
    throw new StartFailure(`the cache folder ${cacheDir} cannot be written to (${codeOf(error)}); set OPENTICKET_CACHE_DIR to a folder that can`, {
      cause: error,
    });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined); // where nothing can be written there is no draft either
  }
}

/** SHA-256 of a file, lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
