import { insist } from "@openticket/runtime";
import type { Job } from "bullmq";

/**
 * Tells a job that kills its workers from one that was only lost with them.
 *
 * Problem: BullMQ counts how often a job's worker did not hold it, whatever the reason: a process that is killed takes two
 * hundred innocent jobs with it, and one that is merely slow loses its jobs while it still works on them. By that count
 * alone an overloaded fleet would give up what nothing is wrong with.
 * Choice: a job that was lost often is suspect, and runs while no other suspect does; before it runs it is noted beside the
 * job that it is being tried, and afterwards that its worker survived. Only who died on it so often is held against it.
 */

/** Losses that make a job suspect. */
const SUSPECT_AFTER = 1;
/** Workers that died while they tried this suspect, and no other: then it is the cause. */
const MOST_DEATHS = 2;

/** True for a job whose workers lost it so often that it may be the reason. */
export function isSuspect({ stalledCounter }: Job): boolean {
  return stalledCounter > SUSPECT_AFTER;
}

/** Workers that did not survive trying it, when they are too many; undefined while it may be tried again. */
export function provenDeaths(job: Job): number | undefined {
  const { deaths } = notesOf(job);
  return deaths >= MOST_DEATHS ? deaths : undefined;
}

/** How often the note that a worker survived is tried, and the pause between, ms: other suspects wait for it. */
const ACQUITTAL_TRIES = 3;
const ACQUITTAL_DELAY_MS = 1000;

export interface SurvivingDeps {
  sleep(ms: number): Promise<unknown>;
  /** The note that this process survived could not be taken back. */
  onNotAcquitted(error: unknown): void;
}

/** Does the work with a note beside the job that is taken back when this process outlives it. What the work comes to stands, whatever becomes of the note. */
export async function surviving<T>(job: NotedJob, work: () => Promise<T>, { sleep, onNotAcquitted }: SurvivingDeps): Promise<T> {
  const { deaths } = notesOf(job);
  await note(job, { deaths: deaths + 1 });
  try {
    return await work();
  } finally {
    const acquit = () => note(job, { deaths });
    await insist(acquit, { tries: ACQUITTAL_TRIES, delayMs: ACQUITTAL_DELAY_MS, sleep, isClosing: () => false }).catch(onNotAcquitted);
  }
}

/** Work of which one piece runs at a time, in the order in which it came. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** See {@link Turns}. */
export function makeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

type NotedJob = Pick<Job, "progress" | "updateProgress">;

/** What we keep beside a job, in the place that BullMQ leaves for its progress. */
export interface JobNotes {
  /** Faults that were no outage. */
  faults: number;
  /** Workers that are trying it as a suspect, or died of it. */
  deaths: number;
}

/** The notes beside a job, as they were when it was taken or last noted by us. */
export function notesOf({ progress }: Pick<Job, "progress">): JobNotes {
  const given: Partial<Record<string, unknown>> = typeof progress === "object" ? progress : {};
  const { faults, deaths } = given;
  return { faults: typeof faults === "number" ? faults : 0, deaths: typeof deaths === "number" ? deaths : 0 };
}

/** Changes some of the notes. */
export async function note(job: NotedJob, change: Partial<JobNotes>): Promise<void> {
  await job.updateProgress({ ...notesOf(job), ...change });
}
