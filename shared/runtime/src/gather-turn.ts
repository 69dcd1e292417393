/** Hands single things on together, those of one turn of the event loop. */
export interface TurnGatherer<T> {
  add(item: T): void;
  /** Hands on what is there, now. */
  flush(): void;
}

/** See {@link TurnGatherer}. For what costs more by the piece than by its size: system calls, messages to a thread. */
export function gatherTurn<T>(handOn: (items: T[]) => void): TurnGatherer<T> {
  let gathered: T[] = [];
  const flush = () => {
    const together = gathered;
    gathered = [];
    if (together.length > 0) handOn(together);
  };
  return {
    add(item) {
      if (gathered.push(item) === 1) setImmediate(flush);
    },
    flush,
  };
}
