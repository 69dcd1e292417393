import type { Logger } from "pino";

/**
 * Stopping a process in the order in which it was built up, backwards: doors close first, work in hand is finished,
 * connections go last. Every step has what is left of the deadline; a step that fails or is late does not stop the others.
 */
export interface Drain {
  /** Adds a step. Steps run in the reverse order of adding. */
  onDrain(name: string, step: () => Promise<unknown> | unknown): void;
  /** Runs the steps once; every later call waits for the same run. True when all steps ended in time. */
  drain(): Promise<boolean>;
}

/** See {@link Drain}. */
export function makeDrain({ timeoutMs, logger }: { timeoutMs: number; logger: Logger }): Drain {
  const steps: { name: string; step: () => Promise<unknown> | unknown }[] = [];
  let running: Promise<boolean> | undefined;
  async function run(): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    let isClean = true;
    for (const { name, step } of steps.toReversed()) {
      const fault = await settle(step, Math.max(deadline - Date.now(), MIN_STEP_MS));
      if (fault !== undefined) logger.warn({ step: name, err: fault }, "drain step failed");
      isClean &&= fault === undefined;
    }
    return isClean;
  }
  return {
    onDrain: (name, step) => void steps.push({ name, step }),
    drain: () => (running ??= run()),
  };
}

/** Even past the deadline a step gets this long, so that connections are closed rather than torn, ms. */
const MIN_STEP_MS = 1000;

async function settle(step: () => Promise<unknown> | unknown, timeoutMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(new Error(`not finished after ${timeoutMs} ms`)), timeoutMs);
  });
  const done = (async () => void (await step()))().then(
    () => undefined,
    (error: unknown) => error ?? new Error("unknown"),
  );
  const fault = await Promise.race([done, late]);
  clearTimeout(timer);
  return fault;
}

/**
 * Drains on SIGTERM, SIGINT and SIGHUP, then exits: 0 when clean, 1 when something was late. A second signal exits at once,
 * but for SIGHUP: a terminal that is closed may say it twice.
 */
export function drainOnSignals(drain: Drain, logger: Logger): void {
  let isDraining = false;
  const onSignal = async (signal: NodeJS.Signals) => {
    if (isDraining && signal === "SIGHUP") return;
    if (isDraining) process.exit(130);
    isDraining = true;
    logger.info({ signal }, "draining");
    const isClean = await drain.drain();
    logger.info({ isClean }, "drained");
    process.exit(isClean ? 0 : 1);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onSignal);
}
