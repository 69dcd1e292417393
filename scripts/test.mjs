// npm test [-- vitest's arguments]: installs and builds what is missing, then runs the tests, which start the databases they
// need. The last line is always `N passed, N failed`.
import { ensureInstalled } from "./lib/install.mjs";
import { main, run } from "./lib/run.mjs";

await main(async () => {
  try {
    await ensureInstalled();
    await import("./build.mjs");
  } catch (error) {
    console.error(error.message);
    console.log("0 passed, 1 failed");
    return 1;
  }
  return run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2)]);
});
