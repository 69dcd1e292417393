import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import type { BlobDocument } from "./small-blobs.ts";

/** Contents in one round trip: MongoDB answers with 16 MB at a time, and one content may have a chunk's size. */
const LARGEST_BATCH = 50;
const READS_IN_FLIGHT = 2;

/**
 * Reads a content that fits into one GridFS chunk; undefined when there is none of that name, or it is larger. What many
 * ask for at once is read in two round trips, where a stream for each costs three of its own.
 */
export function makeSmallBlobReader(store: StoreConnection): (sha256: string) => Promise<Uint8Array | undefined> {
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const chunks = store.db.collection<{ files_id: BlobDocument["fileId"]; n: number; data: { buffer: Uint8Array } }>(COLLECTIONS.blobChunks);
  return coalesce<string, Uint8Array | undefined>({
    async run(names) {
      const found = await blobs.find({ _id: { $in: [...new Set(names)] } }, { projection: { fileId: 1, size: 1 } }).toArray();
      const files = new Map(found.map(({ _id, fileId, size }) => [_id, { key: fileId.toHexString(), size }]));
      const first = await chunks.find({ files_id: { $in: found.map(({ fileId }) => fileId) }, n: 0 }, { promoteBuffers: true }).toArray();
      const contents = new Map(first.map(({ files_id, data }) => [files_id.toHexString(), data as unknown as Uint8Array]));
      return names.map((name) => {
        const file = files.get(name);
        const content = file && contents.get(file.key);
        return content?.length === file?.size ? content : undefined;
      });
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}
