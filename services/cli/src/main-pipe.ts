import { runPipe } from "./pipe/run-pipe.ts";

/** `opentickets pipe`: a program of its own, because a mail server starts it for every mail. Nothing but Node itself is loaded. */
process.exitCode = await runPipe(process.argv.slice(3), {
  env: process.env,
  input: process.stdin,
  out: (text) => void process.stdout.write(text),
  err: (line) => void process.stderr.write(`opentickets: ${line}\n`),
});
// What is left of an input that nobody wanted keeps no process alive.
process.stdin.destroy();
