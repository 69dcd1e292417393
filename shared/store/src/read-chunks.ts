import { Readable } from "node:stream";
import type mongoose from "mongoose";
import type { BlobDocument } from "./small-blobs.ts";

/**
 * Chunks of one answer of MongoDB: half a megabyte. The driver's own stream leaves that to the server, which answers with
 * 16 MB at a time; twice that, as bytes of the wire and as documents, is then in memory for each content that is read.
 */
const CHUNKS_TOGETHER = 2;

/** A chunk as GridFS keeps it, read with `promoteBuffers`. */
interface Chunk {
  n: number;
  data: unknown;
}

/** The bytes of a file of GridFS, in order. Fails with {@link BlobDamaged} when a part of it is missing. */
export function readChunks({ _id, fileId, size }: BlobDocument, chunks: mongoose.mongo.Collection): Readable {
  return Readable.from(piecesOf(), { objectMode: false });

  async function* piecesOf(): AsyncGenerator<Uint8Array> {
    let [next, sent] = [0, 0];
    for await (const { n, data } of chunks.find<Chunk>({ files_id: fileId }, { sort: { n: 1 }, batchSize: CHUNKS_TOGETHER, promoteBuffers: true })) {
      if (n !== next++ || !(data instanceof Uint8Array)) throw new BlobDamaged(_id);
      sent += data.length;
      yield data;
    }
    if (sent !== size) throw new BlobDamaged(_id);
  }
}

/** The stored content is not whole: the store is not what it was. */
export class BlobDamaged extends Error {
  override name = "BlobDamaged";

  constructor(sha256: string) {
    super(`the content ${sha256} is not whole in the store`);
  }
}
