/** Figures of one row: the same work done by us and by the baseline, in turns, in one run. */

/** What one side came to in one round. */
export interface Measured {
  /** In the row's unit. */
  value: number;
  latencyMs?: Latency;
  /** By process, per item. */
  costs?: Record<string, Cost>;
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
  isReached: boolean;
  ours: number;
  baseline: number;
  rounds: Round[];
  /** Medians of the rounds. */
  latencyMs: { ours?: Latency; baseline?: Latency };
  costs: { ours?: Record<string, Cost>; baseline?: Record<string, Cost> };
  notes: Record<string, unknown>;
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

export interface Goal {
  text: string;
  reached(ratio: number): boolean;
}

export const atLeast = (bound: number): Goal => ({ text: `≥ ${bound}`, reached: (ratio) => ratio >= bound });
export const atMost = (bound: number): Goal => ({ text: `≤ ${bound}`, reached: (ratio) => ratio <= bound });
/** A row that nobody has set a goal for. */
export const NO_GOAL: Goal = { text: "–", reached: () => true };

/** One row of the table: its ratio is the median of the rounds' ratios. */
export function makeRow(
  head: { row: string; what: string; unit: string; isRate: boolean; goal: Goal },
  { ours, baseline }: Sides,
  notes: Record<string, unknown> = {},
): Row {
  const rounds = ours.map(({ value }, index): Round => ({ ours: value, baseline: baseline[index]?.value ?? Number.NaN }));
  const ratio = median(rounds.map((round) => round.ours / round.baseline));
  const { goal, ...rest } = head;
  return {
    ...rest,
    goal: goal.text,
    ratio,
    isReached: goal.reached(ratio),
    ours: median(rounds.map((round) => round.ours)),
    baseline: median(rounds.map((round) => round.baseline)),
    rounds,
    latencyMs: { ...latencyOf("ours", ours), ...latencyOf("baseline", baseline) },
    costs: { ...costsOf("ours", ours), ...costsOf("baseline", baseline) },
    notes,
  };
}

/** A side that is not measured but allowed: the same in every round. */
export const allowed = (value: number, rounds: number): Measured[] => Array.from({ length: rounds }, () => ({ value }));

function latencyOf(side: keyof Sides, rounds: Measured[]) {
  const all = rounds.flatMap(({ latencyMs }) => (latencyMs ? [latencyMs] : []));
  if (all.length === 0) return {};
  const middle = (name: keyof Latency) => median(all.map((latency) => latency[name]));
  return { [side]: { p50: middle("p50"), p90: middle("p90"), p99: middle("p99"), p999: middle("p999"), max: middle("max") } };
}

function costsOf(side: keyof Sides, rounds: Measured[]) {
  const all = rounds.flatMap(({ costs }) => (costs ? [costs] : []));
  if (all.length === 0) return {};
  const names = Object.keys(all[0] ?? {});
  const middle = (name: string, field: keyof Cost) => median(all.map((costs) => costs[name]?.[field] ?? Number.NaN));
  return { [side]: Object.fromEntries(names.map((name) => [name, { cpuUs: middle(name, "cpuUs"), rssMib: middle(name, "rssMib") }])) };
}
