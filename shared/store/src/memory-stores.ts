import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { RejectionRecord, ReplyRecord, TicketRecord } from "@openticket/contract";
import { BlobNotFound, type BlobStore, BlobTooLarge, type StagedBlob } from "./blob-store.ts";
import { type CredentialStore, type Directory, type FindRow, makeCredentialStore, makeDirectory } from "./directory.ts";
import { byRequestId, makeMemoryOutbox } from "./memory-outbox.ts";
import { keyOf, type ReferenceData, type ReferenceKind, type Row } from "./reference-schemas.ts";
import type { Numbers, TicketStore } from "./ticket-store.ts";

/** The stores' twins in memory: for trying and testing, under the same tests as those on MongoDB. */

/** What tickets, replies and rejections there are, by identity; shared by the stores that see one another. */
export interface MemoryRecords {
  tickets: Map<string, TicketRecord>;
  replies: Map<string, ReplyRecord>;
  rejections: Map<string, RejectionRecord>;
}

/** None yet. */
export function makeMemoryRecords(): MemoryRecords {
  return { tickets: new Map(), replies: new Map(), rejections: new Map() };
}

/** Tries to find a free number before a mask counts as too narrow. */
const NUMBER_TRIES = 300;

/** Tickets in memory. */
export function makeMemoryTicketStore({ numbers, records = makeMemoryRecords() }: { numbers: Numbers; records?: MemoryRecords }): TicketStore {
  const { tickets, replies, rejections } = records;
  let lastId = 0;
  const freeTid = (id: number, at: Date) => {
    const taken = new Set([...tickets.values()].map(({ tid }) => tid));
    for (let attempt = 0; attempt < NUMBER_TRIES; attempt++) {
      const tid = numbers.tid(id, at);
      if (!taken.has(tid)) return tid;
    }
    return undefined;
  };
  return {
    async commit(draft) {
      const standing = tickets.get(draft._id);
      if (standing) return { kind: "exists", ticket: standing };
      const id = ++lastId;
      const tid = freeTid(id, draft.openedAt);
      if (tid === undefined) return { kind: "out-of-numbers" };
      const ticket = { ...draft, id, tid, c: numbers.accessCode() };
      tickets.set(draft._id, ticket);
      return { kind: "opened", ticket };
    },
    findByIdentity: async (identity) => tickets.get(identity),
    findByRequestId: async (requestId) => byRequestId(tickets, requestId),
    findRejectionByRequestId: async (requestId) => byRequestId(rejections, requestId),
    findById: async (id) => [...tickets.values()].find((ticket) => ticket.id === id),
    async reject(record) {
      const ticket = tickets.get(record._id);
      if (ticket) return { kind: "opened", ticket };
      const reply = replies.get(record._id);
      if (reply) return { kind: "added", reply };
      const standing = rejections.get(record._id);
      if (standing) return { kind: "exists", record: standing };
      rejections.set(record._id, record);
      return { kind: "rejected", record };
    },
    findRejection: async (identity) => rejections.get(identity),
    async giveWay(ticket, { isOurs }) {
      const rejection = rejections.get(ticket._id);
      if (rejection && isOurs) tickets.delete(ticket._id);
      return rejection;
    },
    findHead: async (id) => [...tickets.values()].find((ticket) => ticket.id === id),
    ...makeMemoryOutbox(tickets),
  };
}

/** Reference data in memory. */
export function makeMemoryDirectory(data: ReferenceData): Directory {
  return makeDirectory(findIn(data));
}

/** Credentials in memory. */
export function makeMemoryCredentialStore(data: ReferenceData): CredentialStore {
  return makeCredentialStore(findIn(data));
}

function findIn(data: ReferenceData): FindRow {
  return async <K extends ReferenceKind>(kind: K, key: string | number) => (data[kind] as Row<K>[]).find((row) => keyOf(row) === key);
}

/** Content in memory. */
export function makeMemoryBlobStore(): BlobStore {
  const blobs = new Map<string, Buffer>();
  async function stage(content: AsyncIterable<Uint8Array>, { maxBytes }: { maxBytes: number }): Promise<StagedBlob> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of content) {
      size += chunk.length;
      if (size > maxBytes) throw new BlobTooLarge(maxBytes);
      chunks.push(Uint8Array.from(chunk));
    }
    const bytes = Buffer.concat(chunks);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const publish = async () => {
      blobs.set(sha256, bytes);
    };
    return { sha256, size, publish, discard: async () => {} };
  }
  return {
    stage,
    async put(content, meta) {
      const { sha256, size, publish } = await stage(content, meta);
      await publish();
      return { sha256, size };
    },
    async has(sha256) {
      const bytes = blobs.get(sha256);
      return bytes && { size: bytes.length };
    },
    async open(sha256) {
      const bytes = blobs.get(sha256);
      if (!bytes) throw new BlobNotFound(sha256);
      return Readable.from([bytes]);
    },
  };
}
