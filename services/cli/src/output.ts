import { Presets, SingleBar } from "cli-progress";
import CliTable from "cli-table3";
import { printable, printableLine } from "./printable.ts";

/** Where the command line speaks. */
export interface Terminal {
  env: Record<string, string | undefined>;
  out: { write(text: string): unknown; isTTY?: boolean };
  err: { write(text: string): unknown; isTTY?: boolean };
  columns: number | undefined;
}

export interface Progress {
  step(done?: number): void;
  end(): void;
}

/** Answers as tables for people, or as one JSON value for programs. */
export interface Output {
  /** Programs get `value`; people get what `show` says. */
  answer(value: unknown, show: () => string): void;
  /** One of many answers: programs get it on a line of its own. */
  each(value: unknown, show: () => string): void;
  /** A line about what is happening, beside the answer. */
  say(line: string): void;
  /** A bar for long work; quiet where nobody watches. */
  progress(what: string, total: number): Progress;
}

/** See {@link Output}. The answer goes to standard output; what is said beside it to standard error; both {@link printable}. */
export function makeOutput({ out, err }: Terminal, isJson: boolean): Output {
  return {
    answer: (value, show) => void out.write(`${printable(isJson ? JSON.stringify(value, null, 2) : show())}\n`),
    each: (value, show) => void out.write(`${printable(isJson ? JSON.stringify(value) : show())}\n`),
    say: (line) => void err.write(`${printable(line)}\n`),
    progress(what, total) {
      if (!err.isTTY || isJson || total === 0) return { step: () => undefined, end: () => undefined };
      const bar = new SingleBar(
        { format: `${what} {bar} {value}/{total}  {eta_formatted} left`, hideCursor: true, stream: process.stderr },
        Presets.shades_classic,
      );
      bar.start(total, 0);
      return { step: (done = 1) => bar.increment(done), end: () => bar.stop() };
    },
  };
}

/** A text for a line of a list. */
export function shortened(text: string, most = 60): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** How long ago, in the largest unit that says enough. */
export function ago(at: Date, now: Date = new Date()): string {
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`;
}

/** A table without lines, one row a thing, each cell on one line. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const bare = {
    top: "",
    "top-mid": "",
    "top-left": "",
    "top-right": "",
    bottom: "",
    "bottom-mid": "",
    "bottom-left": "",
    "bottom-right": "",
    left: "",
    "left-mid": "",
    mid: "",
    "mid-mid": "",
    right: "",
    "right-mid": "",
    middle: "  ",
  };
  const isHeaded = head.some((title) => title !== "");
  const shown = new CliTable({ ...(isHeaded && { head: [...head] }), chars: bare, style: { "padding-left": 0, "padding-right": 0, head: [], border: [] } });
  for (const row of rows) shown.push(row.map((cell) => (cell === undefined || cell === null ? "–" : printableLine(String(cell)))));
  return shown
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
