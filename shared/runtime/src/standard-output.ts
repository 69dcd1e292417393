import { writeSync } from "node:fs";

/** Takes whole lines, and never fails. */
export interface LineOutput {
  write(lines: string): void;
  /** Lines that could not be written. */
  dropped(): number;
}

/** How often, and how long each time, a pipe that is full for the moment is waited for, ms. */
const FULL_PIPE_TRIES = 100;
const FULL_PIPE_PAUSE_MS = 100;
const NEWLINE = 10;

/**
 * See {@link LineOutput}. What cannot be written, such as to a full disk or to a reader that has gone, is dropped and counted: a
 * log must not end what it tells of, nor fill its memory. The next lines are tried anew; they begin a line of their own where
 * one was cut off.
 */
export function makeLineOutput(write: (bytes: Buffer) => number, pause: () => void): LineOutput {
  let dropped = 0;
  let isCut = false;
  return {
    write(lines) {
      const mend = isCut ? "\n" : "";
      const bytes = Buffer.from(mend + lines);
      const written = writeAll(bytes, write, pause);
      if (written > 0) isCut = bytes[written - 1] !== NEWLINE;
      dropped += countLines(bytes.subarray(Math.max(written, mend.length)));
    },
    dropped: () => dropped,
  };
}

/** The process's standard output. */
export const standardOutput: LineOutput = makeLineOutput(
  (bytes) => writeSync(1, bytes),
  () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_PAUSE_MS),
);

/** How many of the bytes were written. */
function writeAll(bytes: Buffer, write: (bytes: Buffer) => number, pause: () => void): number {
  let written = 0;
  let tries = 0;
  while (written < bytes.length && tries < FULL_PIPE_TRIES) {
    try {
      written += write(bytes.subarray(written));
    } catch (error) {
      if (!isBusy(error)) break;
      tries += 1;
      pause();
    }
  }
  return written;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EBUSY");
}

function countLines(bytes: Buffer): number {
  return bytes.reduce((count, byte) => count + (byte === NEWLINE ? 1 : 0), 0);
}
