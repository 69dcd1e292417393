/** What is found, so many at a time; the last ones are fewer. None once `stopped`. */
export async function* inBatches<T>(found: AsyncIterable<T>, size: number, stopped?: AbortSignal): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of found) {
    if (stopped?.aborted) return;
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
