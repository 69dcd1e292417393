// npm start: installs and builds what is missing, then runs every service in this process. With --watch (npm run dev) the
// sources run as they are and start again when one changes.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureInstalled } from "./lib/install.mjs";
import { main, ROOT, run } from "./lib/run.mjs";

await main(async () => {
  await ensureInstalled();
  if (process.argv.includes("--watch"))
    return run(process.execPath, ["--import", "tsx", "--watch", "--watch-preserve-output", "services/standalone/src/main.ts"]);
  await import("./build.mjs");
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(join(ROOT, "services/standalone/dist/main.js")).href);
  return process.exitCode;
});
