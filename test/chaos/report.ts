import { countBy } from "./count.ts";
import { recoveriesByKind } from "./fault-log.ts";
import { longestGap, median } from "./health.ts";
import { DOORS, isAcknowledged } from "./ledger.ts";
import type { ChaosOptions } from "./options.ts";
import type { Run } from "./run.ts";

/** The figures of a run, for programs and for people. */
export interface Figures {
  seed: number;
  minutes: number;
  requests: number;
  acknowledged: Record<string, number>;
  tickets: number;
  rejected: number;
  /** Mails and events that came in by what became of them, and how often one that was there came again. */
  inbound: Run["inbound"];
  givenUp: number;
  failedDeliveries: Record<string, number>;
  faults: number;
  faultsByKind: Record<string, number>;
  recoveryMs: Record<string, { median: number; longest: number }>;
  /** The longest time without any acknowledgement, ms. */
  longestSilenceMs: number;
  duplicates: { repeatedAnswers: number; secondMails: number; secondReplies: number };
  mails: { taken: number; refused: number };
  /** Calls to our endpoint that it took, and those that it let fail. */
  told: Run["told"];
  quietAfterMs: number;
  memory: Run["memory"];
  /** Processes that lived long enough for their memory to be judged. */
  memoryJudged: number;
  breaches: string[];
}

/** What a run came to. */
export function figuresOf(run: Run, { seed, minutes }: ChaosOptions): Figures {
  const { requests, failuresByReason, times } = run.ledger;
  const acknowledged = requests.filter(isAcknowledged);
  const recoveries = [...recoveriesByKind(run.faults.faults, times)].map(([kind, all]) => [
    kind,
    { median: Math.round(median(all)), longest: Math.round(Math.max(...all)) },
  ]);
  return {
    seed,
    minutes,
    requests: requests.length,
    acknowledged: Object.fromEntries(DOORS.map((door) => [door, acknowledged.filter((entry) => entry.door === door).length])),
    tickets: run.tickets,
    inbound: run.inbound,
    rejected: acknowledged.filter(({ wrongWith }) => wrongWith !== undefined).length,
    givenUp: requests.filter(({ isGivenUp }) => isGivenUp).length,
    failedDeliveries: Object.fromEntries([...failuresByReason].toSorted()),
    faults: run.faults.faults.length,
    faultsByKind: countBy(run.faults.faults.map(({ kind }) => kind)),
    recoveryMs: Object.fromEntries(recoveries.toSorted()),
    longestSilenceMs: Math.round(longestGap(times.map(({ atMs }) => atMs))),
    duplicates: { repeatedAnswers: run.duplicates.replays, secondMails: run.duplicates.mails, secondReplies: run.duplicates.replies },
    mails: run.mails,
    told: run.told,
    quietAfterMs: Math.round(run.quietAfterMs),
    memory: run.memory,
    memoryJudged: run.memoryJudged,
    breaches: run.breaches,
  };
}

/** Lines named in full; of a disaster the first ones tell enough. */
const MAX_LINES = 40;

/** Prints the figures as a person reads them. */
export function printFigures(figures: Figures, print: (line: string) => void): void {
  const { acknowledged, faultsByKind, recoveryMs, duplicates, mails, breaches } = figures;
  const sum = Object.values(acknowledged).reduce((total, count) => total + count, 0);
  const listed = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(" · ");
  print(`seed ${figures.seed}, ${figures.minutes} min`);
  print(`requests ${figures.requests}: acknowledged ${sum} (${listed(acknowledged)}), given up by their client ${figures.givenUp}`);
  print(`tickets ${figures.tickets}, rejected ${figures.rejected}`);
  print(`mails and events that came in: ${listed(figures.inbound.states) || "none"}; ${figures.inbound.repetitions} came again`);
  print(`deliveries that failed and were made again: ${listed(figures.failedDeliveries) || "none"}`);
  print(`faults ${figures.faults}: ${listed(faultsByKind)}`);
  print(
    `duplicates absorbed: ${duplicates.repeatedAnswers} further answers with the same ids, ${duplicates.secondMails} second mails, ${duplicates.secondReplies} second replies`,
  );
  print(`mails ${mails.taken}, refused for now ${mails.refused}; calls to the endpoint ${figures.told.taken}, let fail ${figures.told.refused}`);
  print(`from fault to the next answer, median and longest, ms:`);
  for (const [kind, { median: middle, longest }] of Object.entries(recoveryMs)) print(`  ${kind}: ${middle}, ${longest}`);
  print(`longest time without an answer ${figures.longestSilenceMs} ms; quiet ${(figures.quietAfterMs / 1000).toFixed(1)} s after the last fault`);
  print(
    `memory of ${figures.memoryJudged} processes judged (those that lived for two minutes); MB: ${figures.memory.map(({ process, firstMb, lastMb }) => `${process} ${firstMb} → ${lastMb}`).join(" · ")}`,
  );
  for (const line of breaches.slice(0, MAX_LINES)) print(`BREACH ${line}`);
  if (breaches.length > MAX_LINES) print(`… and ${breaches.length - MAX_LINES} more: ${listed(countBy(breaches.map(nameOf)))}`);
  print(breaches.length === 0 ? "Every promise was kept." : `${breaches.length} breaches: ${listed(countBy(breaches.map(nameOf)))}`);
}

/** What kind of breach a line tells of. */
export function nameOf(breach: string): string {
  return breach.split(":", 1)[0] ?? breach;
}
