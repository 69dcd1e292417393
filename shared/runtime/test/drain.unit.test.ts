import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const module = (name: string) => JSON.stringify(fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url)));
/** Its one step ends when it is told so; the line `ready` says that it waits for signals, `draining` that the step has begun. */
const PROGRAM = `import { makeDrain, drainOnSignals } from ${module("drain")};
  import { makeLogger } from ${module("logger")};
  const logger = makeLogger({ name: "test", level: "silent" });
  const drain = makeDrain({ timeoutMs: 10_000, logger });
  drainOnSignals(drain, logger);
  drain.onDrain("step", () => new Promise((resolve) => { process.stdin.once("data", resolve); console.log("draining"); }));
  setInterval(() => undefined, 1000);
  console.log("ready");`;

async function start() {
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", PROGRAM], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  return { child, ended, draining: () => once(child.stdout, "data") };
}

it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s drains a process, and its exit code is 0", async (signal) => {
  const { child, ended, draining } = await start();
  child.kill(signal);
  await draining();
  child.stdin.write("done");
  expect(await ended).toEqual([0, null]);
});

it("a second signal ends it at once, but a second SIGHUP does not", async () => {
  const { child, ended, draining } = await start();
  child.kill("SIGHUP");
  await draining();
  child.kill("SIGHUP");
  child.stdin.write("done");
  expect(await ended).toEqual([0, null]);

  const hurried = await start();
  hurried.child.kill("SIGTERM");
  await hurried.draining();
  hurried.child.kill("SIGTERM");
  expect(await hurried.ended).toEqual([130, null]);
});
