import { runCli } from "./cli.ts";

/** `opentickets`: the operator's command line. Exit codes: 0 done, 1 failed or not as it should be, 2 wrong usage. */
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  columns: process.stdout.columns,
});
