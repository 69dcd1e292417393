/**
 * Places for deliveries of new tickets.
 *
 * Problem: a backlog is decided faster than its mails are sent. What finds no place waits 90 s for the relay, and
 * unbounded places would take unbounded memory.
 * Choice: who finds no place waits for one, but only while places become free: a dead mail relay holds nobody up. Places that
 * become free are given together, a moment later: who gets them goes on together, and so do the requests that follow, whose
 * look-ups and writes then share their round trips.
 */
export interface Room {
  /** Ends with true when a place was taken, which must be left again; with false when there will be none soon. */
  enter(): Promise<boolean>;
  leave(): void;
  /** Nobody gets a place any more. */
  close(): void;
}

export interface RoomOptions {
  places: number;
  /** Longest wait for a place, ms. */
  waitMs: number;
  /** How long a place that became free waits for others, ms. */
  gatherMs: number;
  /** Without a place that became free for so long, nobody waits, ms. */
  stalledAfterMs: number;
  /** Of a clock that never goes back, ms. */
  elapsedMs(): number;
}

/** See {@link Room}. */
export function makeRoom({ places, waitMs, gatherMs, stalledAfterMs, elapsedMs }: RoomOptions): Room {
  const waiting = new Set<(hasPlace: boolean) => void>();
  let free = places;
  let isClosed = false;
  let lastLeftAtMs = elapsedMs();
  let gathering: NodeJS.Timeout | undefined;

  function wait(): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hasPlace: boolean) => {
        clearTimeout(timer);
        waiting.delete(end);
        resolve(hasPlace);
      };
      const timer = setTimeout(end, waitMs, false);
      waiting.add(end);
    });
  }

  function admit(): void {
    gathering = undefined;
    for (const end of [...waiting].slice(0, free)) {
      free--;
      end(true);
    }
  }

  return {
    async enter() {
      if (isClosed) return false;
      if (free > 0 && waiting.size === 0) {
        // Whoever comes into an empty room waits for nobody: what came before is no sign of a stall.
        if (free === places) lastLeftAtMs = elapsedMs();
        free--;
        return true;
      }
      return elapsedMs() - lastLeftAtMs < stalledAfterMs ? wait() : false;
    },
    leave() {
      lastLeftAtMs = elapsedMs();
      free++;
      if (waiting.size > 0) gathering ??= setTimeout(admit, gatherMs);
    },
    close() {
      isClosed = true;
      clearTimeout(gathering);
      for (const end of [...waiting]) end(false);
    },
  };
}
