import type { Cost, Latency, Row, TimedRow } from "../harness/measure.ts";

const shown = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));

/** The table of all rows, in Markdown. */
export function summary(rows: readonly TimedRow[]): string {
  const lines = rows.map(({ row, what, unit, goal, ratio, isReached, ours, baseline, rounds, seconds }) => {
    const ratios = rounds.map((round) => round.ours / round.baseline);
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const verdict = goal === "–" ? "" : isReached ? "yes" : "no";
    return [row, what, `${shown(ours)} ${unit}`, `${shown(baseline)} ${unit}`, ratio.toFixed(2), spread, goal, verdict, `${seconds} s`];
  });
  return table(["row", "what", "ours", "baseline", "ratio", "spread", "goal", "reached", "took"], lines);
}

/** What was measured of the conditions that goals have beside their ratio. */
export function found(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ row, conditions }) => conditions.map(({ text, found, isMet }) => [row, text, found, isMet ? "yes" : "no"]));
  return table(["row", "condition", "found", "met"], lines);
}

/** Latencies of every row that has them. */
export function latencies(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ row, latencyMs }) => [lineOf(row, "ours", latencyMs.ours), lineOf(row, "baseline", latencyMs.baseline)].flat());
  return table(["row", "side", "p50 ms", "p90", "p99", "p99.9", "max"], lines);
}

function lineOf(row: string, side: string, latency: Latency | undefined): string[][] {
  return latency ? [[row, side, ...[latency.p50, latency.p90, latency.p99, latency.p999, latency.max].map(shown)]] : [];
}

/** CPU time and memory of every process in every row that has them. */
export function costs(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ row, costs, coresBusy }) =>
    (["ours", "baseline"] as const).flatMap((side) => costLines([row, side], costs[side] ?? {}, coresBusy[side])),
  );
  return table(["row", "side", "process", "CPU µs per item", "resident MiB", "cores busy"], lines);
}

function costLines(names: string[], byProcess: Record<string, Cost>, coresBusy: number | undefined): string[][] {
  if (coresBusy === undefined) return [];
  const all = Object.values(byProcess).reduce((sum, { cpuUs }) => sum + cpuUs, 0);
  const lines = Object.entries(byProcess).map(([name, { cpuUs, rssMib }]) => [...names, name, cpuUs.toFixed(0), rssMib.toFixed(0), ""]);
  return [...lines, [...names, "**all**", all.toFixed(0), "", coresBusy.toFixed(2)]];
}

/** A table in Markdown. */
export function table(head: string[], lines: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...lines.map(line)].join("\n");
}
