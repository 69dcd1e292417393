import type { WriteStream } from "node:tty";

export interface Terminal {
  /** One line about something that takes long. */
  progress(line: string): void;
  /** The page that stays: the line that starts with "ready" comes last. */
  show(page: readonly string[]): void;
  /** One clear line about why it could not start, or go on. */
  fail(reason: string, what?: "could not start" | "stopped"): void;
}

/** Plain lines; a progress line is prefixed by the seconds since the start, so that a long step can be seen to be one. */
export function openTerminal(out: Pick<WriteStream, "write">): Terminal {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`;
  return {
    progress: (line) => void out.write(`${seconds()}  ${line}\n`),
    show: (page) => void out.write(`${page.join("\n")}\n`),
    fail: (reason, what = "could not start") => void out.write(`${what}: ${reason}\n`),
  };
}
