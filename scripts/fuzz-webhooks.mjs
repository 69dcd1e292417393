// npm run fuzz:webhooks -- --calls N --seed S: installs what is missing, then lets altered calls of webhooks be verified and read.
import { ensureInstalled } from "./lib/install.mjs";
import { main, run } from "./lib/run.mjs";

await main(async () => {
  await ensureInstalled();
  return run(process.execPath, ["--import", "tsx", "test/fuzz/webhooks/main.ts", ...process.argv.slice(2)]);
});
