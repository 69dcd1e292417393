import { type OutboxEntry, outboxEntry } from "@openticket/contract";
import type { Argv } from "yargs";
import { CliFailure } from "../../failure.ts";

/** Which of them: options of `list` and `replay`. */
export interface Which {
  kind?: OutboxEntry["kind"] | undefined;
  since?: string | undefined;
}

/** Adds the options of {@link Which}. */
export const which = <T>(it: Argv<T>) =>
  it
    .option("kind", {
      choices: outboxEntry.shape.kind.options,
      describe: "Only mails, events, answers to requesters' queues (reply), or replies whose tickets were not changed (ticket)",
    })
    .option("since", { type: "string", describe: "Only those given up since then: a time such as 2026-03-01T08:00Z, or 2h ago, 30m, 3d" });

const MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The filter that the options stand for. Throws {@link CliFailure} for a time that is none. */
export function filterOf({ kind, since }: Which, now: Date): { kind?: Which["kind"]; since?: Date | undefined } {
  return { kind, since: since === undefined ? undefined : timeIn(since, now) };
}

function timeIn(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const at = count === undefined ? isoTime(text) : new Date(now.getTime() - Number(count) * MS[unit as keyof typeof MS]);
  if (!at || Number.isNaN(at.getTime()))
    throw new CliFailure(`--since takes a time such as 2026-03-01T08:00Z, or how long ago such as 2h, 30m or 3d, not ${text}.`, 2);
  return at;
}

function isoTime(text: string): Date | undefined {
  return /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : undefined;
}
