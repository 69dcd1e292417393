import { BlobChannel, type StoredBlob } from "./blob-channel.ts";
import type { Interrupt } from "./interrupt.ts";

export interface BlobSpoolDeps {
  storeBlob(content: AsyncIterable<Uint8Array>, meta: { maxBytes: number }): Promise<StoredBlob>;
  /** Asked once, before the first blob is stored. */
  beforeFirstBlob(): Promise<void>;
  interrupt: Interrupt;
  /** Passed on to the store, for each blob. */
  maxBytes: number;
}

/** Content that may wait for the store before reading pauses. Twice what a store that writes 255 KiB chunks takes at once. */
const HIGH_WATER_BYTES = 512 * 1024;
/** Blobs of one request that are stored at once: many small files need not wait for one another's acknowledgement. */
const CONCURRENT_STORES = 4;
/** How long a failed request waits for its other blobs to be cleaned up before it reports. */
const ABORT_GRACE_MS = 1_000;

/** Thrown into a store's source when the content turned out to be unreadable. Seen by the store alone. */
export class BlobAbandoned extends Error {
  override readonly name = "BlobAbandoned";
}

/**
 * The blobs of one request on their way to the store. Opening and writing are synchronous; `settle()` between two
 * pieces of the body starts what was opened and waits while too much is queued, which is the back-pressure.
 * Invariant: the blob that is still being written is the last one opened, so what is queued always drains.
 */
export class BlobSpool {
  readonly #deps: BlobSpoolDeps;
  readonly #queued: BlobChannel[] = [];
  readonly #running = new Map<BlobChannel, Promise<void>>();
  #bufferedBytes = 0;
  #isPermitted = false;
  #wake: (() => void) | undefined;

  constructor(deps: BlobSpoolDeps) {
    this.#deps = deps;
  }

  open(): BlobChannel {
    const channel = new BlobChannel(this);
    this.#queued.push(channel);
    return channel;
  }

  onBuffered(deltaBytes: number): void {
    this.#bufferedBytes += deltaBytes;
    if (deltaBytes < 0) this.#wake?.();
  }

  /** Undefined when there is nothing to wait for. */
  settle(): Promise<void> | undefined {
    return this.#queued.length > 0 || this.#bufferedBytes > HIGH_WATER_BYTES ? this.#settle() : undefined;
  }

  /** Resolves when every blob is stored. */
  async finish(): Promise<void> {
    await this.settle();
    while (this.#running.size > 0) await this.#woken();
    this.#deps.interrupt.check();
  }

  /** Gives up the blobs that are not complete, because their content cannot be read. The request goes on. */
  abandonOpen(): void {
    const abandoned = new BlobAbandoned("the attachment could not be read");
    for (const channel of this.#running.keys()) if (channel.isOpen) channel.fail(abandoned);
    for (const channel of this.#queued) if (channel.isOpen) channel.fail(abandoned);
  }

  /** Gives up everything, and waits a little for the stores to clean up. */
  async abort(error: unknown): Promise<void> {
    this.#queued.length = 0;
    if (this.#running.size === 0) return;
    for (const channel of this.#running.keys()) channel.fail(error);
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ABORT_GRACE_MS);
    });
    await Promise.race([Promise.all(this.#running.values()), grace]);
    clearTimeout(timer);
  }

  async #settle(): Promise<void> {
    if (!this.#isPermitted && this.#queued.length > 0) await this.#deps.interrupt.until(this.#deps.beforeFirstBlob());
    this.#isPermitted = true;
    this.#startQueued();
    while (this.#bufferedBytes > HIGH_WATER_BYTES) await this.#woken();
  }

  #woken(): Promise<void> {
    return this.#deps.interrupt.until(
      new Promise((resolve) => {
        this.#wake = resolve;
      }),
    );
  }

  #startQueued(): void {
    while (this.#running.size < CONCURRENT_STORES) {
      const channel = this.#queued.shift();
      if (channel === undefined) return;
      if (channel.hasFailed) continue;
      this.#running.set(
        channel,
        Promise.resolve().then(() => this.#store(channel)),
      );
    }
  }

  async #store(channel: BlobChannel): Promise<void> {
    try {
      channel.stored = await this.#deps.storeBlob(channel, { maxBytes: this.#deps.maxBytes });
    } catch (error) {
      // A store that was given up answers with whatever its source threw: that is no news.
      if (!channel.hasFailed) this.#deps.interrupt.raise(error);
    }
    channel.close();
    this.#running.delete(channel);
    this.#startQueued();
    this.#wake?.();
  }
}
