/** What a blob store answers. */
export interface StoredBlob {
  sha256: string;
  size: number;
}

/** What a channel tells the spool that it belongs to. */
export interface ChannelWatcher {
  /** Bytes were queued (positive) or taken (negative). */
  onBuffered(deltaBytes: number): void;
}

/** Blocks grow from the first size to the second, so that small files stay cheap and large ones take few steps. */
const FIRST_BLOCK_BYTES = 4 * 1024;
const LARGEST_BLOCK_BYTES = 64 * 1024;

type Step = IteratorResult<Uint8Array, undefined>;
const DONE: Step = { done: true, value: undefined };

/**
 * The content of one attachment on its way to the blob store: written from the reader's side, iterated by the store.
 * What is written is copied into blocks, so that tiny pieces do not become tiny buffers.
 */
export class BlobChannel implements AsyncIterable<Uint8Array> {
  /** Set when the store has it. */
  stored: StoredBlob | undefined;
  /** Bytes written so far. */
  size = 0;
  readonly #watcher: ChannelWatcher;
  #blocks: Buffer[] = [];
  #block: Buffer | undefined;
  #filledBytes = 0;
  #queuedBytes = 0;
  #hasEnded = false;
  #isClosed = false;
  #failure: { error: unknown } | undefined;
  #pull: { resolve: (step: Step) => void; reject: (error: unknown) => void } | undefined;

  constructor(watcher: ChannelWatcher) {
    this.#watcher = watcher;
  }

  /** True until its content is complete or given up. */
  get isOpen(): boolean {
    return !this.#hasEnded && this.#failure === undefined;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  write(bytes: Buffer): void {
    this.size += bytes.length;
    if (this.#isClosed) return;
    for (let at = 0; at < bytes.length; ) {
      const block = this.#block ?? this.#startBlock(bytes.length - at);
      const copied = bytes.copy(block, this.#filledBytes, at);
      at += copied;
      this.#filledBytes += copied;
      if (this.#filledBytes === block.length) this.#queueBlock();
    }
  }

  /** The content is complete. */
  end(): void {
    if (!this.isOpen) return;
    this.#queueBlock();
    this.#hasEnded = true;
    if (this.#blocks.length === 0) this.#pull?.resolve(DONE);
  }

  /** The content will not be completed: whoever iterates gets this error. */
  fail(error: unknown): void {
    if (this.#failure !== undefined || this.#isClosed) return;
    this.#failure = { error };
    this.close();
    this.#pull?.reject(error);
  }

  /** Nobody iterates any more: lets go of what is queued. */
  close(): void {
    this.#isClosed = true;
    this.#blocks = [];
    this.#block = undefined;
    this.#count(-this.#queuedBytes);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.close();
        return Promise.resolve(DONE);
      },
    };
  }

  #next(): Promise<Step> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const block = this.#blocks.shift();
    if (block !== undefined) {
      this.#count(-block.length);
      return Promise.resolve({ done: false, value: block });
    }
    if (this.#hasEnded || this.#isClosed) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#pull = { resolve, reject };
    });
  }

  #startBlock(wantedBytes: number): Buffer {
    const bytes = Math.min(Math.max(wantedBytes, this.size - wantedBytes, FIRST_BLOCK_BYTES), LARGEST_BLOCK_BYTES);
    this.#block = Buffer.allocUnsafeSlow(bytes);
    this.#filledBytes = 0;
    return this.#block;
  }

  #queueBlock(): void {
    const block = this.#block?.subarray(0, this.#filledBytes);
    this.#block = undefined;
    if (block === undefined || block.length === 0) return;
    const pull = this.#pull;
    this.#pull = undefined;
    if (pull !== undefined) {
      pull.resolve({ done: false, value: block });
      return;
    }
    this.#blocks.push(block);
    this.#count(block.length);
  }

  #count(deltaBytes: number): void {
    this.#queuedBytes += deltaBytes;
    this.#watcher.onBuffered(deltaBytes);
  }
}
