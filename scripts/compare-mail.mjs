// npm run compare:mail -- FOLDER: installs what is missing, then shows where three parsers of mail do not agree.
import { ensureInstalled } from "./lib/install.mjs";
import { main, run } from "./lib/run.mjs";

await main(async () => {
  await ensureInstalled();
  return run(process.execPath, ["--import", "tsx", "test/mail-parsers/main.ts", ...process.argv.slice(2)]);
});
