// npm run check: every static check side by side. A check that fails shows what it said; the exit code is 1 when one failed.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./lib/install.mjs";
import { main, ROOT } from "./lib/run.mjs";

const CHECKS = {
  types: ["node_modules/typescript/bin/tsc", "--noEmit"],
  style: ["node_modules/@biomejs/biome/bin/biome", "ci", "--colors=off", "."],
  imports: ["node_modules/dependency-cruiser/bin/dependency-cruise.mjs", "--config", ".dependency-cruiser.cjs", "services", "shared", "test"],
  unused: ["node_modules/knip/bin/knip.js", "--no-progress"],
  generated: ["scripts/generate.mjs", "--check"],
};
/** What dependency-cruiser says of a run that saw nothing: such a run proves nothing. */
const EMPTY_CRUISE = /\(0 modules/;

await main(async () => {
  await ensureInstalled();
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const results = await Promise.all(Object.entries(CHECKS).map(([name, args]) => check(name, args)));
  return results.every(Boolean) ? 0 : 1;
});

async function check(name, args) {
  const startedAt = performance.now();
  const { code, said } = await listenTo(args);
  const isGood = code === 0 && !EMPTY_CRUISE.test(said);
  console.log(`${isGood ? "ok    " : "FAILED"} ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)${isGood ? "" : `\n${said}`}`);
  return isGood;
}

function listenTo(args) {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, said }));
  });
}
