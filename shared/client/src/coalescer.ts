/**
 * Turns many single hand-overs into few: while one batch is under way, what arrives waits and becomes the next batch.
 * A lone item waits for nothing. Everybody's promise ends with the batch that took his item.
 */
export interface Coalescer<T> {
  add(item: T): Promise<void>;
  isIdle(): boolean;
}

interface Waiting<T> {
  item: T;
  resolve(): void;
  reject(error: unknown): void;
}

/** See {@link Coalescer}. Batches hold at most `maxBatch` items. */
export function makeCoalescer<T>({ maxBatch, send }: { maxBatch: number; send(items: T[]): Promise<void> }): Coalescer<T> {
  let waiting: Waiting<T>[] = [];
  let isSending = false;

  function add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isSending) void sendAll();
    });
  }

  async function sendAll(): Promise<void> {
    isSending = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      try {
        await send(batch.map(({ item }) => item));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isSending = false;
  }

  return { add, isIdle: () => !isSending };
}
