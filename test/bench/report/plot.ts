import type { Row } from "../harness/measure.ts";

/** Bar charts as SVG text, without a library: they are read in a browser and in a diff. */

const WIDTH = 760;
const BAR_HEIGHT = 22;
const LABEL_WIDTH = 70;
const VALUE_WIDTH = 70;

/** The ratio of each row to its baseline on a logarithmic scale, with a mark at the goal: right of the middle is more than the baseline. */
export function ratioPlot(rows: readonly Row[]): string {
  const reach = Math.max(2, ...rows.map(({ ratio }) => Math.max(ratio, 1 / ratio))) * 1.1;
  const x = (ratio: number) => LABEL_WIDTH + ((Math.log(ratio) / Math.log(reach) + 1) / 2) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH);
  const bars = rows.map(({ row, ratio, goal, isReached }, index) => {
    const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
    const goalAt = Number(/[\d.]+/.exec(goal)?.[0]);
    const colour = goal === "–" ? "#7a8793" : isReached ? "#2b8a3e" : "#c92a2a";
    return [
      text(4, index, row),
      rect({ x: from, index, width: to - from, colour }),
      goalAt > 0
        ? `<line x1="${at(x(goalAt))}" x2="${at(x(goalAt))}" y1="${top(index)}" y2="${top(index) + BAR_HEIGHT - 4}" stroke="#212529" stroke-width="2"/>`
        : "",
      text(WIDTH - VALUE_WIDTH + 8, index, ratio.toFixed(2)),
    ].join("");
  });
  const middle = `<line x1="${at(x(1))}" x2="${at(x(1))}" y1="0" y2="${rows.length * BAR_HEIGHT + 8}" stroke="#adb5bd"/>`;
  return svg(rows.length, [middle, ...bars].join("\n"));
}

/** CPU time of each process for one item of a row, side by side. */
export function costPlot({ costs: { ours = {}, baseline = {} } }: Row): string {
  const lines = [...named("ours", ours), ...named("baseline", baseline)];
  const most = Math.max(1, ...lines.map(({ cpuUs }) => cpuUs));
  const room = WIDTH - 160 - VALUE_WIDTH;
  const bars = lines.map(({ name, cpuUs, side }, index) =>
    [
      text(4, index, name),
      rect({ x: 160, index, width: (cpuUs / most) * room, colour: side === "ours" ? "#1971c2" : "#7a8793" }),
      text(WIDTH - VALUE_WIDTH + 8, index, `${cpuUs.toFixed(0)} µs`),
    ].join(""),
  );
  return svg(lines.length, bars.join("\n"));
}

function named(side: string, byProcess: Record<string, { cpuUs: number }>) {
  return Object.entries(byProcess).map(([name, { cpuUs }]) => ({ side, name: `${side}: ${name}`, cpuUs }));
}

const at = (value: number) => value.toFixed(1);
const top = (index: number) => index * BAR_HEIGHT + 6;

function rect({ x, index, width, colour }: { x: number; index: number; width: number; colour: string }): string {
  return `<rect x="${at(x)}" y="${top(index)}" width="${at(Math.max(1, width))}" height="${BAR_HEIGHT - 6}" fill="${colour}"/>`;
}

function text(x: number, index: number, words: string): string {
  return `<text x="${x}" y="${top(index) + 13}">${words.replace(/[<&]/g, "")}</text>`;
}

function svg(lines: number, content: string): string {
  const height = lines * BAR_HEIGHT + 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" fill="#495057">
<rect width="100%" height="100%" fill="#ffffff"/>
${content}
</svg>
`;
}
