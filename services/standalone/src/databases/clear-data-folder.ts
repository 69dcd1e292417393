import { rm } from "node:fs/promises";
import { join } from "node:path";
import { lockDataFolder } from "./lock.ts";
import { stopOrphan } from "./orphans.ts";
import { type Progress, StartFailure } from "./start-failure.ts";

/** Removes a data folder that nobody uses, after stopping what a killed start has left running on it; false when it is in use. */
export async function clearDataFolder(dataDir: string, progress: Progress): Promise<boolean> {
  const lock = await lockDataFolder(dataDir).catch(whenInUse);
  if (!lock) return false;
  await stopOrphan({ name: "MongoDB", folder: join(dataDir, "mongo"), progress });
  await stopOrphan({ name: "Redis", folder: join(dataDir, "redis"), progress });
  await rm(dataDir, { recursive: true, force: true });
  return true;
}

function whenInUse(error: unknown): undefined {
  if (!(error instanceof StartFailure)) throw error;
}
