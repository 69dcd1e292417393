import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A machine of folders: what is on its PATH and in its cache is what a test has put there. */
export interface Machine {
  folder: string;
  binFolder: string;
  cacheDir: string;
  env: Record<string, string>;
  /** Puts a program on PATH and gives its path. */
  install(name: string, script: string): Promise<string>;
  /** Puts a program into the cache as an earlier start would have; `sha256` is what its name claims. */
  keep(name: string, script: string, sha256?: string): Promise<string>;
  remove(): Promise<void>;
}

/** See {@link Machine}. Nothing of it reaches a network. */
export async function makeMachine(): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), "openticket machine-"));
  const [binFolder, cacheDir] = [join(folder, "bin"), join(folder, "cache")];
  const kept = join(cacheDir, `${process.platform}-${process.arch}`);
  await mkdir(binFolder);
  await mkdir(kept, { recursive: true });
  return {
    folder,
    binFolder,
    cacheDir,
    env: { PATH: binFolder },
    install: (name, script) => writeProgram(join(binFolder, name), script),
    keep: (name, script, sha256 = sha256OfText(script)) => writeProgram(join(kept, `${name}-${sha256}`), script),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A program that says that it is a MongoDB of that version. */
export function mongodOf(version: string): string {
  return `#!/bin/sh\necho "db version v${version}"\n`;
}

/** A program that says that it is a Valkey of that version. */
export function valkeyOf(version: string): string {
  return `#!/bin/sh\necho "Valkey server v=${version} sha=00000000:0 malloc=libc bits=64 build=0"\n`;
}

/** A program that says that it is a Redis of that version. */
export function redisOf(version: string): string {
  return `#!/bin/sh\necho "Redis server v=${version} sha=00000000:0 malloc=libc bits=64 build=0"\n`;
}

/** SHA-256 of a text, lower-case hex. */
export function sha256OfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function writeProgram(path: string, script: string): Promise<string> {
  await writeFile(path, script, { mode: 0o755 });
  return path;
}
