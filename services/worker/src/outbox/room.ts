/**
 * Places for deliveries of new tickets.
 *
 * Problem: a backlog is decided faster than its mails are sent. What finds no place waits 90 s for the relay, and
 * unbounded places would take unbounded memory.
 * Choice: who finds no place waits for one, but only where it will soon be their turn, as places became free of late: neither
 * a dead mail relay nor a slow one holds anybody up. Places that become free are given together, a moment later: who gets them
 * goes on together, and so do the requests that follow, whose look-ups and writes then share their round trips.
 */
export interface Room {
  /** Ends with true when a place was taken, which must be left again; with false when there will be none soon. */
  enter(): Promise<boolean>;
  /** Gives the place back; what failed says nothing of the pace. */
  leave(isDelivered: boolean): void;
  /** Nobody gets a place any more. */
  close(): void;
}

export interface RoomOptions {
  places: number;
  /** Nobody waits who would have to wait longer at the pace of late, ms; nor, behind a room that has just become full, for its first delivery. */
  soonMs: number;
  /** Longest wait, when deliveries end more slowly from then on, ms; and for the first delivery ever. */
  waitMs: number;
  /** How long a place that became free waits for others, ms. */
  gatherMs: number;
  /** How far back the pace is looked at, ms, and how long after a room's first delivery it is not known yet. */
  paceMs: number;
  /** Of a clock that never goes back, ms. */
  elapsedMs(): number;
}

/** See {@link Room}. */
export function makeRoom({ places, soonMs, waitMs, gatherMs, paceMs, elapsedMs }: RoomOptions): Room {
  const waiting = new Set<(hasPlace: boolean) => void>();
  const pace = makePace(paceMs, elapsedMs);
  let free = places;
  let [isClosed, hasDelivered] = [false, false];
  let [filledAtMs, fullUntilMs] = [elapsedMs(), Number.NEGATIVE_INFINITY];
  /** The first delivery since the room became full. */
  let begunAtMs: number | undefined;
  let gathering: NodeJS.Timeout | undefined;

  function wait(forMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hasPlace: boolean) => {
        clearTimeout(timer);
        waiting.delete(end);
        resolve(hasPlace);
      };
      const timer = setTimeout(end, forMs, false);
      waiting.add(end);
    });
  }

  /** A room without a delivery yet may have a relay that hangs; at the very first, one that has to connect. */
  function patienceMs(): number {
    return begunAtMs === undefined && hasDelivered ? soonMs : waitMs;
  }

  function mayWait(): boolean {
    const isPaceKnown = begunAtMs === undefined ? elapsedMs() - filledAtMs >= patienceMs() : elapsedMs() - begunAtMs >= paceMs;
    return !isPaceKnown || waiting.size < pace.perMs() * soonMs;
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
        free--;
        // Until then fewer came than could have.
        if (free === 0 && elapsedMs() - fullUntilMs >= paceMs) [filledAtMs, begunAtMs] = [elapsedMs(), undefined];
        return true;
      }
      return mayWait() ? wait(patienceMs()) : false;
    },
    leave(isDelivered) {
      if (isDelivered) {
        hasDelivered = true;
        begunAtMs ??= elapsedMs();
        pace.note();
      }
      if (free === 0) fullUntilMs = elapsedMs();
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

/** How often something happened of late. */
function makePace(spanMs: number, elapsedMs: () => number): { note(): void; perMs(): number } {
  let [sinceMs, now, before] = [elapsedMs(), 0, 0];
  const turn = () => {
    const ageMs = elapsedMs() - sinceMs;
    if (ageMs < spanMs) return;
    before = ageMs < 2 * spanMs ? now : 0;
    [sinceMs, now] = [elapsedMs(), 0];
  };
  return {
    note() {
      turn();
      now++;
    },
    perMs() {
      turn();
      return Math.max(before, now) / spanMs;
    },
  };
}
