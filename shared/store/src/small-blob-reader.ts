import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import type { SmallBlobDocument } from "./small-blobs.ts";

/** Contents in one round trip: MongoDB answers with 16 MB at a time, and one content may have a chunk's size. */
const LARGEST_BATCH = 50;
const READS_IN_FLIGHT = 2;

/** Reads a small content; undefined when there is none of that name. What many ask for at once is read in one round trip. */
export function makeSmallBlobReader(store: StoreConnection): (sha256: string) => Promise<Uint8Array | undefined> {
  const blobs = store.db.collection<SmallBlobDocument>(COLLECTIONS.smallBlobs);
  return coalesce<string, Uint8Array | undefined>({
    async run(names) {
      const found = await blobs.find({ _id: { $in: [...new Set(names)] } }, { promoteBuffers: true, projection: { data: 1 } }).toArray();
      const contents = new Map(found.map(({ _id, data }) => [_id, data]));
      return names.map((name) => contents.get(name));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}
