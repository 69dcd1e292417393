import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TimedRow } from "../harness/measure.ts";
import { costPlot, ratioPlot } from "./plot.ts";
import { costs, found, latencies, summary } from "./table.ts";

/** All that a run came to, as it is written to a JSON file. */
export interface Report {
  /** The code that was measured; not in results of before it was noted, nor where there is no git. */
  commit?: string | undefined;
  /** The day on which the run began, by UTC. */
  date?: string;
  machine: Record<string, unknown>;
  versions: Record<string, unknown>;
  isQuick: boolean;
  rows: (Omit<TimedRow, "isReached"> & { reached: boolean })[];
}

/** Rows whose costs are drawn. */
const DRAWN = ["P1", "P4", "P5"];

/** Writes the page of a run with its plots and its figures into a folder. */
export async function writePage(folder: string, rows: readonly TimedRow[], report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  const drawn = rows.filter(({ row }) => DRAWN.includes(row));
  await Promise.all([
    writeFile(join(folder, "results.json"), `${JSON.stringify(report, null, 2)}\n`),
    writeFile(join(folder, "ratios.svg"), ratioPlot(rows)),
    ...drawn.map((row) => writeFile(join(folder, `cost-${row.row.toLowerCase()}.svg`), costPlot(row))),
    writeFile(join(folder, "README.md"), page(rows, report, drawn)),
  ]);
}

function page(rows: readonly TimedRow[], { commit, date, machine, versions }: Report, drawn: readonly TimedRow[]): string {
  const noted = Object.entries({ commit, date }).filter(([, value]) => value !== undefined);
  const described = [...noted, ...Object.entries({ ...machine, ...versions })].map(([name, value]) => `${name} ${value}`);
  const minutes = Math.round(rows.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
  return `# Benchmark

Made by \`npm run bench\`, which writes this folder anew and took ${minutes} minutes. Each row runs us and its baseline in
turns, in the same run, on databases of its own, which were empty before it; the ratio is the median of the rounds' ratios
(of P8 and P8MAIL, where no round may be over what is allowed, the highest), the spread their lowest and highest. Before a rate or
a latency is measured, each side has done half as much of the same: a process that has just started runs uncompiled code (row COLD is P1 without that; P8, P8MAIL, P9, BYTES and SOAK have preparations of their own). Times on
another machine will differ, ratios less so. The baselines are in
[test/bench/baselines](../../test/bench/baselines): a worker that does nothing, a plain worker (one ticket at a time with a
counter, an insert and a reply job), a bare fastify route with \`Queue.add\`, one that waits with \`waitUntilFinished\`, one that
takes files into GridFS. Every figure of every round is in [results.json](results.json).

${described.join(" · ")}

![Ratio of each row to its baseline, on a logarithmic scale; the dark mark is the goal](ratios.svg)

${summary(rows)}

What goals ask for beside the ratio:

${found(rows)}

## Latency

Percentiles from HDR histograms, medians of the rounds. LAT and SOAK send each request when it is due, whatever became of
those before, and count from then; the other rows keep a number of requests in flight, so theirs are the latencies of a
saturated service.

${latencies(rows)}

## Cost of one item

CPU time of every process, the databases and the load itself included, and resident memory at the end of a round. Where the
cores busy come near to those of the machine, the machine is the bound.

${drawn.map(({ row }) => `![${row}](cost-${row.toLowerCase()}.svg)`).join("\n\n")}

${costs(rows)}
`;
}
