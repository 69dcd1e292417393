import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Runs a program in the repository's root on this terminal, without standard input; hands signals on; gives its exit code. */
export function run(program, args) {
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  const stopHandingOn = handOnSignals(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      stopHandingOn();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/** A terminal sends Ctrl-C to the child as well; a supervisor's signal reaches this process alone. */
function handOnSignals(child) {
  const handOn = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, handOn);
  return () => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, handOn);
  };
}

/** Runs the story of a script: its error is one line and exit code 1. */
export async function main(story) {
  try {
    process.exitCode = await story();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
