/** Figures of one row: the same work done by us and by the baseline, in turns, in one run. */

/** How much of the same load goes before what is measured, in jobs or seconds: a process that has just started runs uncompiled code. */
export const warmUpOf = (load: number): number => Math.ceil(load / 2);

/** What one side came to in one round. */
export interface Measured {
  /** In the row's unit. */
  value: number;
  latencyMs?: Latency;
  /** By process, per item. */
  costs?: Record<string, Cost>;
  /** CPU time of all of them for each second of the measurement: near the number of cores, the machine is the bound. */
  coresBusy?: number;
}

/** Percentiles of an HDR histogram, ms. */
export interface Latency {
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** What a process spent on one item, and its resident memory at the end. */
export interface Cost {
  cpuUs: number;
  rssMib: number;
}

export interface Round {
  ours: number;
  baseline: number;
}

export interface Row {
  row: string;
  what: string;
  unit: string;
  /** Whether a larger figure is the better one. */
  isRate: boolean;
  goal: string;
  ratio: number;
  /** Whether ratio and conditions are as the goal says. */
  isReached: boolean;
  conditions: Condition[];
  ours: number;
  baseline: number;
  rounds: Round[];
  /** Medians of the rounds. */
  latencyMs: { ours?: Latency; baseline?: Latency };
  costs: { ours?: Record<string, Cost>; baseline?: Record<string, Cost> };
  coresBusy: { ours?: number; baseline?: number };
  notes: Record<string, unknown>;
}

/** A row and how long it took. */
export type TimedRow = Row & { seconds: number };

/** What a goal asks for beside the ratio. */
export interface Condition {
  text: string;
  /** What was measured, in words. */
  found: string;
  isMet: boolean;
}

/** Both sides of every round. */
export interface Sides {
  ours: Measured[];
  baseline: Measured[];
}

type Side = () => Promise<Measured>;

/** Runs both sides in turns, each round in the other order than the one before, and keeps every figure. */
export async function inTurns(rounds: number, ours: Side, baseline: Side): Promise<Sides> {
  const sides: Sides = { ours: [], baseline: [] };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (["ours", "baseline"] as const) : (["baseline", "ours"] as const);
    for (const side of order) sides[side].push(await (side === "ours" ? ours : baseline)());
  }
  return sides;
}

/** Middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return (low + high) / 2;
}

/** What rounds come to when none of them may be over a bound. */
export const highest = (values: readonly number[]): number => Math.max(...values);

export interface Goal {
  text: string;
  reached(ratio: number): boolean;
}

export const atLeast = (bound: number): Goal => ({ text: `≥ ${bound}`, reached: (ratio) => ratio >= bound });
export const atMost = (bound: number): Goal => ({ text: `≤ ${bound}`, reached: (ratio) => ratio <= bound });
/** A row that nobody has set a goal for. */
export const NO_GOAL: Goal = { text: "–", reached: () => true };

interface RowHead {
  row: string;
  what: string;
  unit: string;
  isRate: boolean;
  goal: Goal;
  conditions?: Condition[];
  /** What the rounds come to; unset: their median. */
  ofRounds?(values: readonly number[]): number;
}

/** One row of the table: its ratio is what the rounds' ratios come to. */
export function makeRow({ goal, conditions = [], ofRounds = median, ...head }: RowHead, { ours, baseline }: Sides, notes: Record<string, unknown> = {}): Row {
  const rounds = ours.map(({ value }, index): Round => ({ ours: value, baseline: baseline[index]?.value ?? Number.NaN }));
  const ratio = ofRounds(rounds.map((round) => round.ours / round.baseline));
  return {
    ...head,
    goal: [goal.text, ...conditions.map(({ text }) => text)].join(", "),
    ratio,
    isReached: goal.reached(ratio) && conditions.every(({ isMet }) => isMet),
    conditions,
    ours: ofRounds(rounds.map((round) => round.ours)),
    baseline: ofRounds(rounds.map((round) => round.baseline)),
    rounds,
    latencyMs: { ...latencyOf("ours", ours), ...latencyOf("baseline", baseline) },
    costs: { ...costsOf("ours", ours), ...costsOf("baseline", baseline) },
    coresBusy: { ...coresOf("ours", ours), ...coresOf("baseline", baseline) },
    notes,
  };
}

/** That our 99th percentile is the lower one. */
export function lowerP99({ ours, baseline }: Sides): Condition {
  const p99 = (rounds: Measured[]) => median(rounds.map(({ latencyMs }) => latencyMs?.p99 ?? Number.NaN));
  const [mine, theirs] = [p99(ours), p99(baseline)];
  return { text: "at a lower p99", found: `${mine.toFixed(1)} ms against ${theirs.toFixed(1)} ms`, isMet: mine < theirs };
}

/** That a figure stays within its bound. */
export function within(text: string, { value, bound, unit }: { value: number; bound: number; unit: string }): Condition {
  return { text, found: `${Math.round(value)} ${unit}`, isMet: value <= bound };
}

/** A side that is not measured but allowed: the same in every round. */
export const allowed = (value: number, rounds: number): Measured[] => Array.from({ length: rounds }, () => ({ value }));

function latencyOf(side: keyof Sides, rounds: Measured[]) {
  const all = rounds.flatMap(({ latencyMs }) => (latencyMs ? [latencyMs] : []));
  if (all.length === 0) return {};
  const middle = (name: keyof Latency) => median(all.map((latency) => latency[name]));
  return { [side]: { p50: middle("p50"), p90: middle("p90"), p99: middle("p99"), p999: middle("p999"), max: middle("max") } };
}

function coresOf(side: keyof Sides, rounds: Measured[]) {
  const all = rounds.flatMap(({ coresBusy }) => coresBusy ?? []);
  return all.length === 0 ? {} : { [side]: median(all) };
}

function costsOf(side: keyof Sides, rounds: Measured[]) {
  const all = rounds.flatMap(({ costs }) => (costs ? [costs] : []));
  if (all.length === 0) return {};
  const names = Object.keys(all[0] ?? {});
  const middle = (name: string, field: keyof Cost) => median(all.map((costs) => costs[name]?.[field] ?? Number.NaN));
  return { [side]: Object.fromEntries(names.map((name) => [name, { cpuUs: middle(name, "cpuUs"), rssMib: middle(name, "rssMib") }])) };
}
