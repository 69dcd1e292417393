import { MailDelayed } from "./mail-delayed.ts";

/** Lets so many pieces of work run side by side; the others wait their turn. */
export interface Gate {
  /** Runs the work when it is its turn; throws `MailDelayed` (busy) when that takes longer than `waitMs`. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Turns away who waits and who comes; resolves when what runs has ended. */
  close(): Promise<void>;
}

/** See {@link Gate}. */
export function makeGate({ slots, waitMs }: { slots: number; waitMs: number }): Gate {
  const waiting = new Set<{ enter(): void; leave(): void }>();
  const running = new Set<Promise<unknown>>();
  let free = slots;
  let isClosed = false;
  const turn = () =>
    new Promise<void>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        waiting.delete(place);
        reject(new MailDelayed("busy", isClosed ? "No mail is sent any more" : `It was not this mail's turn within ${waitMs} ms`));
      };
      const enter = () => {
        clearTimeout(timer);
        waiting.delete(place);
        resolve();
      };
      const timer = setTimeout(leave, waitMs);
      const place = { enter, leave };
      if (isClosed) return leave();
      waiting.add(place);
    });
  const release = () => {
    const [first] = waiting;
    if (first) return first.enter();
    free += 1;
  };
  const runNow = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = work();
    const settled = result.then(release, release).finally(() => running.delete(settled));
    running.add(settled);
    return result;
  };
  return {
    async run(work) {
      if (free > 0 && !isClosed) free -= 1;
      else await turn();
      return runNow(work);
    },
    async close() {
      isClosed = true;
      for (const { leave } of [...waiting]) leave();
      await Promise.all(running);
    },
  };
}
