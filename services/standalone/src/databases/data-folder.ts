import { access, constants, mkdir, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "@openticket/runtime";
import { StartFailure } from "./start-failure.ts";

/** What a fresh MongoDB replica set of one takes (about 300 MB) and some room for tickets, bytes. */
const NEEDED_BYTES = 500 * 1024 * 1024;

/** Makes the data folder and makes sure that databases can live in it. Throws StartFailure with the reason. */
export async function prepareDataFolder(dataDir: string): Promise<void> {
  await makeDataFolder(dataDir);
  const { bavail, bsize } = await statfs(dataDir);
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw new StartFailure(
    `the disk is full: ${megabytes(bavail * bsize)} MB are free at ${dataDir}, and the databases need ${megabytes(NEEDED_BYTES)} MB; free some or set DATA_DIR`,
  );
}

/** Makes the data folder and makes sure that it can be written to. Throws StartFailure when it cannot. */
export async function makeDataFolder(dataDir: string): Promise<void> {
  try {
    await makeFolders(dataDir);
    await access(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartFailure(`the data folder ${dataDir} cannot be written to (${codeOf(error)}); set DATA_DIR to a folder that can`, { cause: error });
  }
}

/** Makes the folder and those above it. Not by `recursive`: in a file system that takes no folders, such as /proc, that never ends. */
async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(folder)).isDirectory()) return;
    if (codeOf(error) !== "ENOENT" || (await isThere(dirname(folder)))) throw error;
    await makeFolders(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  }
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}

/** The system's code of a fault, or its text. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return messageOf(error);
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}
