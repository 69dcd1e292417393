import { readFileSync } from "node:fs";
import { emlFiles } from "../support/eml-files.ts";
import { judge } from "./judge.ts";
import { mutate } from "./mutate.ts";
import { makeRandom } from "./random.ts";

export interface Finding {
  /** Number of the mutant in its run. */
  mutant: number;
  raw: Buffer;
  why: string;
}

/** Makes mutants of the seeds one after the other and gives back those that are not understood as they should; `onProgress` hears how many are done. */
export function fuzz({
  seeds,
  mutants,
  seed,
  onProgress,
}: {
  seeds: readonly Buffer[];
  mutants: number;
  seed: number;
  onProgress?: (done: number) => void;
}): Finding[] {
  const random = makeRandom(seed);
  const found: Finding[] = [];
  for (let mutant = 0; mutant < mutants; mutant += 1) {
    const raw = mutate(seeds, random);
    const why = judge(raw);
    if (why) found.push({ mutant, raw, why });
    onProgress?.(mutant + 1);
  }
  return found;
}

/** Every .eml below the folders. */
export function readSeeds(folders: readonly string[]): Buffer[] {
  return folders.flatMap(emlFiles).map((path) => readFileSync(path));
}
