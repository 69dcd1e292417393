// npm run chaos [-- --minutes N --seed S --break NAME]: installs and builds what is missing, then breaks things and looks what was lost.
import { ensureInstalled } from "./lib/install.mjs";
import { main, run } from "./lib/run.mjs";

await main(async () => {
  await ensureInstalled();
  await import("./build.mjs");
  return run(process.execPath, ["--import", "tsx", "test/chaos/main.ts", ...process.argv.slice(2)]);
});
