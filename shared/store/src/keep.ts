/** What is asked for much more often than it changes, kept for a moment. */
export interface Kept<K, V> {
  get(key: K): Promise<V>;
  /** The next one who asks has it loaded anew. */
  forget(key: K): void;
}

/**
 * Keeps what `load` finds for `ms`, so that a change is seen within this time; callers of the same moment share one load, and one
 * that fails is not kept. `most`: entries; then all are forgotten.
 */
export function keep<K, V>(load: (key: K) => Promise<V>, { ms, most }: { ms: number; most: number }): Kept<K, V> {
  const kept = new Map<K, { value: Promise<V>; untilMs: number }>();
  return {
    get(key) {
      const known = kept.get(key);
      if (known && performance.now() < known.untilMs) return known.value;
      if (kept.size >= most) kept.clear();
      const entry = { value: load(key), untilMs: performance.now() + ms };
      kept.set(key, entry);
      entry.value.catch(() => {
        if (kept.get(key) === entry) kept.delete(key);
      });
      return entry.value;
    },
    forget: (key) => void kept.delete(key),
  };
}
