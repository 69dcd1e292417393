import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Row } from "../harness/measure.ts";
import { costPlot, ratioPlot } from "./plot.ts";
import { costs, latencies, summary } from "./table.ts";

/** All that a run came to, as it is written to a JSON file. */
export interface Report {
  machine: Record<string, unknown>;
  versions: Record<string, unknown>;
  isQuick: boolean;
  rows: (Omit<Row, "isReached"> & { reached: boolean })[];
}

/** Rows whose costs are drawn. */
const DRAWN = ["P1", "P4", "P5"];

/** Writes the page of a run with its plots and its figures into a folder. */
export async function writePage(folder: string, rows: readonly Row[], report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  const drawn = rows.filter(({ row }) => DRAWN.includes(row));
  await Promise.all([
    writeFile(join(folder, "results.json"), `${JSON.stringify(report, null, 2)}\n`),
    writeFile(join(folder, "ratios.svg"), ratioPlot(rows)),
    ...drawn.map((row) => writeFile(join(folder, `cost-${row.row.toLowerCase()}.svg`), costPlot(row))),
    writeFile(join(folder, "README.md"), page(rows, report, drawn)),
  ]);
}

function page(rows: readonly Row[], { machine, versions }: Report, drawn: readonly Row[]): string {
  const described = Object.entries({ ...machine, ...versions }).map(([name, value]) => `${name} ${value}`);
  return `# Benchmark

Made by \`npm run bench -- --page\`, which writes this folder anew. Each row runs us and its baseline in turns, in the same
run, on databases of its own; the ratio is the median of the rounds' ratios. Times on another machine will differ, ratios
less so. The baselines are in \`test/bench/baselines\`: a worker that does nothing, a plain worker (one ticket at a time with a
counter, an insert and a reply job), a bare fastify route with \`Queue.add\`, one with \`waitUntilFinished\`.

${described.join(" · ")}

![Ratio of each row to its baseline, on a logarithmic scale; the dark mark is the goal](ratios.svg)

${summary(rows)}

## Latency

Percentiles from HDR histograms, medians of the rounds. Rows at a fixed rate count a request from when it was due.

${latencies(rows)}

## Cost of one item

CPU time of every process, the databases included, and resident memory at the end of a round.

${drawn.map(({ row }) => `![${row}](cost-${row.toLowerCase()}.svg)`).join("\n\n")}

${costs(rows)}
`;
}
