/** Work that is looked for again and again until it is closed. */
export interface Loop {
  /** Nothing new is started; ends when the round in hand has. */
  close(): Promise<void>;
}

export interface LoopOptions {
  /** One round; true when there may be more to do at once. `stopped`: what may take long is to end soon. */
  round(stopped: AbortSignal): Promise<boolean>;
  /** Pause when there is nothing to do, ms; a quarter of it is chance, so that a fleet does not come in one moment. */
  intervalMs: number;
  random(): number;
  /** A round that failed; the next one comes after the pause. */
  onFault(error: unknown): void;
}

/** See {@link Loop}. The first round starts at once. */
export function startLoop(options: LoopOptions): Loop {
  const stop = new AbortController();
  const running = run(options, stop.signal);
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}

async function run({ round, intervalMs, random, onFault }: LoopOptions, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    const hasMore = await round(stopped).catch((error: unknown) => {
      onFault(error);
      return false;
    });
    if (!hasMore && !stopped.aborted) await pause(intervalMs * (0.75 + random() / 2), stopped);
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    stopped.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      stopped.removeEventListener("abort", done);
      resolve();
    }
  });
}
