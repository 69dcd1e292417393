// npm run fuzz:mail -- --mutants N --seed S [--corpus DIR]: installs what is missing, then lets mutants of odd mails be understood.
import { ensureInstalled } from "./lib/install.mjs";
import { main, run } from "./lib/run.mjs";

await main(async () => {
  await ensureInstalled();
  return run(process.execPath, ["--import", "tsx", "test/fuzz/main.ts", ...process.argv.slice(2)]);
});
