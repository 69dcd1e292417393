import { makeDrain, makeLogger, messageOf } from "@openticket/runtime";
import type { StandaloneConfig } from "./config.ts";
import { readStandalone, startStandalone } from "./start-standalone.ts";
import { openTerminal } from "./terminal.ts";

/**
 * `npm start`: embedded databases, every service and example data in one process. Exit codes: 0 drained, 1 it could
 * not start (one clear line says why) or did not drain in time.
 */
// What is shown may be lost, as on a full disk; the product goes on.
process.stdout.on("error", () => undefined);
const terminal = openTerminal(process.stdout);
const config = settings();
const logger = makeLogger({ name: "openticket", level: config.LOG_LEVEL });
const drain = makeDrain({ timeoutMs: config.DRAIN_TIMEOUT_MS, logger });
let isStopping = false;

// A closed terminal says SIGHUP; left to itself it would end this process and leave the databases running.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);

try {
  const page = await startStandalone(config, { env: process.env, logger, drain, progress: terminal.progress, onDeath: giveUp });
  terminal.show(page);
} catch (error) {
  if (!isStopping) {
    terminal.fail(messageOf(error));
    if (!isNamed(error)) logger.fatal({ err: error }, "start failed");
    await drain.drain();
    process.exit(1);
  }
}

function settings(): StandaloneConfig {
  try {
    return readStandalone(process.env);
  } catch (error) {
    terminal.fail(messageOf(error));
    process.exit(1);
  }
}

/** The first signal drains; npm and a terminal may both send one, so only a later one is meant as "now". */
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  terminal.progress("stopping: finishing work in hand …");
  const isClean = await drain.drain();
  terminal.progress("stopped");
  process.exit(isClean ? 0 : 1);
}

/** Without its databases the process would answer 503 for ever; the next start takes up what they have kept. */
async function giveUp(reason: string): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  terminal.fail(reason, "stopped");
  await drain.drain();
  process.exit(1);
}

/** Errors of these names say all that there is to say. */
function isNamed(error: unknown): boolean {
  return error instanceof Error && ["ConfigError", "ListenFailure", "StartFailure", "StoreUnreachable", "TemplateBroken", "UnsafeStore"].includes(error.name);
}
