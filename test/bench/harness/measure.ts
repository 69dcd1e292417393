/** Figures of one row: the same work done by us and by the baseline, in turns, in one run. */

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
  notes: Record<string, unknown>;
}

/** Runs both sides in turns, each round in the other order than the one before, and keeps every figure. */
export async function inTurns(rounds: number, ours: () => Promise<number>, baseline: () => Promise<number>): Promise<Round[]> {
  const done: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const isOursFirst = round % 2 === 0;
    const first = await (isOursFirst ? ours : baseline)();
    const second = await (isOursFirst ? baseline : ours)();
    done.push(isOursFirst ? { ours: first, baseline: second } : { ours: second, baseline: first });
  }
  return done;
}

/** Middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return (low + high) / 2;
}

/** The value that `share` of the values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export interface Goal {
  text: string;
  reached(ratio: number): boolean;
}

export const atLeast = (bound: number): Goal => ({ text: `≥ ${bound}`, reached: (ratio) => ratio >= bound });
export const atMost = (bound: number): Goal => ({ text: `≤ ${bound}`, reached: (ratio) => ratio <= bound });

/** One row of the table: its ratio is the median of the rounds' ratios. */
export function makeRow(
  head: { row: string; what: string; unit: string; isRate: boolean; goal: Goal },
  rounds: Round[],
  notes: Record<string, unknown> = {},
): Row {
  const ratio = median(rounds.map(({ ours, baseline }) => ours / baseline));
  const { goal, ...rest } = head;
  return {
    ...rest,
    goal: goal.text,
    ratio,
    isReached: goal.reached(ratio),
    ours: median(rounds.map(({ ours }) => ours)),
    baseline: median(rounds.map(({ baseline }) => baseline)),
    rounds,
    notes,
  };
}
