import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
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
  return { way: () => findKept({ folder, name, cacheDir }), keep: (path) => keepCopy({ path, folder, name }) };
}

async function findKept({ folder, name, cacheDir }: { folder: string; name: string; cacheDir: string }): ReturnType<Way> {
  const files = await readdir(folder).catch(() => []);
  for (const file of files.filter((each) => each.startsWith(`${name}-`) && each.length === name.length + 65)) {
    const path = join(folder, file);
    if ((await sha256Of(path)) === file.slice(name.length + 1)) return { kind: "found", path, origin: `the cache folder ${cacheDir}`, isNew: false };
    await rm(path, { force: true });
    return { kind: "missing", reason: `the ${name} kept in ${cacheDir} is damaged (wrong SHA-256); removed it` };
  }
  return { kind: "missing", reason: `none kept in ${cacheDir}` };
}

async function keepCopy({ path, folder, name }: { path: string; folder: string; name: string }): Promise<string> {
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${name}.${process.pid}.${randomBytes(4).toString("hex")}`);
  try {
    await copyFile(path, draft);
    await chmod(draft, 0o755);
    const kept = join(folder, `${name}-${await sha256Of(draft)}`);
    await rename(draft, kept);
    return kept;
  } finally {
    await rm(draft, { force: true });
  }
}

/** SHA-256 of a file, lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
