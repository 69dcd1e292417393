import { type Progress, StartFailure } from "../start-failure.ts";

/** A program that was seen to run here. */
export interface Program {
  path: string;
  version: string;
  /** Where it came from, for people. */
  origin: string;
}

/** What one way came to. `isNew` marks a program that was just fetched and is worth keeping. */
export type Found = { kind: "found"; path: string; origin: string; isNew: boolean; remove?: () => Promise<void> } | { kind: "missing"; reason: string };

/** One way to a program. Expected obstacles are a reason; the next way is taken then. */
export type Way = (progress: Progress) => Promise<Found>;

export type Trial = { kind: "runs"; version: string } | { kind: "fails"; reason: string };

export interface FindProgram {
  /** Name for people. */
  label: string;
  ways: readonly Way[];
  /** Runs the program for its version, and judges it. */
  tryOut(path: string): Promise<Trial>;
  /** Puts a fetched program where later starts find it, and gives its path there. */
  keep(path: string): Promise<string>;
  /** What an operator can do when every way is closed. */
  waysOut: string;
  progress: Progress;
}

/** Goes the ways in their order to the first program that runs. Says every attempt; throws StartFailure when none is left. */
export async function findProgram({ label, ways, tryOut, keep, waysOut, progress }: FindProgram): Promise<Program> {
  const say = (line: string) => progress(`${label}: ${line}`);
  for (const way of ways) {
    const found = await way(say);
    if (found.kind === "missing") {
      say(found.reason);
      continue;
    }
    try {
      const trial = await tryOut(found.path);
      if (trial.kind === "runs") {
        const path = found.isNew ? await keep(found.path) : found.path;
        say(`${trial.version} from ${found.origin}`);
        return { path, version: trial.version, origin: found.origin };
      }
      say(`the one from ${found.origin} does not run here: ${trial.reason}`);
    } finally {
      await found.remove?.();
    }
  }
  throw new StartFailure(`no ${label} found on this machine; ${waysOut}`);
}
