/**
 * Hands single things on together: when the first of them has waited for `waitMs`, or when there are `most`.
 *
 * For what no caller waits for: a coalescer, which never lets a lone call wait, writes as often as it is called at low load.
 */
export interface Gatherer<T> {
  /** Ends when it was handed on together with others; fails as that did. */
  add(item: T): Promise<void>;
  /** Hands on what waits, now; what comes later waits no more. */
  close(): void;
}

export interface GathererOptions<T> {
  most: number;
  waitMs: number;
  handOn(items: T[]): Promise<void>;
}

/** See {@link Gatherer}. */
export function makeGatherer<T>({ most, waitMs, handOn }: GathererOptions<T>): Gatherer<T> {
  let waiting: { item: T; resolve(handedOn: Promise<void>): void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const together = waiting;
    waiting = [];
    if (together.length === 0) return;
    const handedOn = handOn(together.map(({ item }) => item));
    for (const { resolve } of together) resolve(handedOn);
  }

  return {
    add(item) {
      return new Promise((resolve) => {
        waiting.push({ item, resolve });
        if (isClosed || waiting.length >= most) return flush();
        timer ??= setTimeout(flush, waitMs);
      });
    },
    close() {
      isClosed = true;
      flush();
    },
  };
}
