// npm run bench [-- --only P1,P3] [--quick] [--json FILE] [--page FOLDER]: installs and builds what is missing, then measures.
import { ensureInstalled } from "./lib/install.mjs";
import { main, run } from "./lib/run.mjs";

await main(async () => {
  await ensureInstalled();
  await import("./build.mjs");
  return run(process.execPath, ["--import", "tsx", "test/bench/main.ts", ...process.argv.slice(2)]);
});
