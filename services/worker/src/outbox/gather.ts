/**
 * Hands single things on together: when the first of them has waited for `waitMs`, or when there are `most`.
 *
 * For what nobody waits for: a coalescer, which never lets a lone call wait, writes as often as it is called at low load.
 */
export interface Gatherer<T> {
  add(item: T): void;
  /** Hands on what waits, now; what comes later waits no more. */
  close(): void;
}

/** See {@link Gatherer}. */
export function makeGatherer<T>({ most, waitMs, handOn }: { most: number; waitMs: number; handOn(items: T[]): void }): Gatherer<T> {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const items = waiting;
    waiting = [];
    if (items.length > 0) handOn(items);
  }

  return {
    add(item) {
      waiting.push(item);
      if (isClosed || waiting.length >= most) return flush();
      timer ??= setTimeout(flush, waitMs);
    },
    close() {
      isClosed = true;
      flush();
    },
  };
}
