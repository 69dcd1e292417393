import mongoose from "mongoose";
import { type Models, makeModels } from "./models.ts";

type Db = mongoose.mongo.Db;

/** A connection of one process: Mongoose models for reference data, the native driver for the hot path. */
export interface StoreConnection {
  /** Native handle. Tickets go through it: hydrating documents would cost more than writing them. */
  db: Db;
  models: Models;
  connection: mongoose.Connection;
  /** Of the queue that this process works with, or asks about; unset: of all of them. */
  queuePrefix?: string | undefined;
  /** Asks the primary; throws when there is none within the connection's patience. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  url: string;
  appName: string;
  /** How long an operation waits for a primary before it fails, ms. */
  serverSelectionTimeoutMs: number;
  /** How long the server may be silent, ms; unset: {@link SOCKET_TIMEOUT_MS}. */
  socketTimeoutMs?: number;
  /** How long an operation waits for a connection of the pool, ms; 0: until it is its turn; unset: {@link WAIT_QUEUE_TIMEOUT_MS}. */
  waitQueueTimeoutMs?: number;
  maxPoolSize?: number;
  /** Key prefix in Redis of the queue that this process works with. */
  queuePrefix?: string | undefined;
  /** False: indexes are left as they are, for an onlooker that is to see whether they are there. */
  makesIndexes?: boolean;
  /** Hears that indexes are still being built, where that takes longer than some seconds. */
  onSlowIndexes?: () => void;
}

const CONNECT_TIMEOUT_MS = 5000;
/** A silent server is given up after this long, ms; longer than any write's {@link WRITE_TIMEOUT_MS}. */
const SOCKET_TIMEOUT_MS = 15_000;
/** How long an operation waits for a connection of the pool, ms: others hold them all no longer than a silent server does. */
const WAIT_QUEUE_TIMEOUT_MS = 20_000;
/** How long one collection's indexes may take, ms: those of a hundred million documents take hours. */
const LONGEST_BUILD_MS = 12 * 3_600_000;
/** A build is told of after so long, ms. */
const SLOW_BUILD_MS = 5000;
/** How long a write waits for its majority, ms. */
const WRITE_TIMEOUT_MS = 8000;

/** Every write's promise, as a command states it. */
export const MAJORITY = { w: "majority", j: true, wtimeout: WRITE_TIMEOUT_MS } as const;

/** Without a name everything would go into the database `test`. */
const NAMES_DATABASE = /^[^/]+:\/\/[^/?]+\/[^/?]+/;

/** Connects, makes sure of the indexes, and fails when the server is no replica set (majority would mean nothing). */
export async function connectStore(options: StoreOptions): Promise<StoreConnection> {
  const { url, queuePrefix, makesIndexes = true } = options;
  if (!NAMES_DATABASE.test(url)) throw new UnsafeStore("the URL of MongoDB names no database; expected one such as mongodb://host:27017/openticket");
  const { connection, db } = await open(options);
  await requireReplicaSet(db);
  if (makesIndexes) await buildIndexes(options);
  return {
    db,
    models: makeModels(connection),
    connection,
    queuePrefix,
    ping: async () => void (await db.command({ ping: 1 })),
    close: () => connection.close(),
  };
}

async function open({
  url,
  appName,
  serverSelectionTimeoutMs,
  socketTimeoutMs = SOCKET_TIMEOUT_MS,
  waitQueueTimeoutMs = WAIT_QUEUE_TIMEOUT_MS,
  maxPoolSize = 20,
}: StoreOptions): Promise<{ connection: mongoose.Connection; db: Db }> {
  const connection = await mongoose
    .createConnection(url, {
      appName,
      maxPoolSize,
      serverSelectionTimeoutMS: serverSelectionTimeoutMs,
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      socketTimeoutMS: socketTimeoutMs,
      waitQueueTimeoutMS: waitQueueTimeoutMs,
      writeConcern: { w: MAJORITY.w, j: MAJORITY.j, wtimeoutMS: MAJORITY.wtimeout },
      readConcern: { level: "majority" },
      readPreference: "primary",
      bufferCommands: false,
      autoCreate: false,
      autoIndex: false,
    })
    .asPromise()
    .catch((cause: unknown) => {
      throw new StoreUnreachable(`MongoDB cannot be reached: ${cause instanceof Error ? cause.message : cause}; MONGODB_URL says where it is`, { cause });
    });
  const { db } = connection;
  if (!db) throw new Error("the connection has no database");
  return { connection, db };
}

/**
 * Ends when all indexes are there. An index that a new version brings takes as long to build as its collection is large, and
 * MongoDB is silent meanwhile: it has a connection of its own, that waits. The driver has no such limit for one operation.
 */
async function buildIndexes({ onSlowIndexes, ...options }: StoreOptions): Promise<void> {
  const { connection, db } = await open({ ...options, socketTimeoutMs: LONGEST_BUILD_MS, waitQueueTimeoutMs: 0, maxPoolSize: 1 });
  const notice = setTimeout(() => onSlowIndexes?.(), SLOW_BUILD_MS);
  try {
    await ensureIndexes(db, makeModels(connection));
  } finally {
    clearTimeout(notice);
    await connection.close();
  }
}

/** No connection was to be had; the message says what is in the way. */
export class StoreUnreachable extends Error {
  override name = "StoreUnreachable";
}

/** The server promises nothing that the product rests on; the message says what would be right. */
export class UnsafeStore extends Error {
  override name = "UnsafeStore";
}

/** A server alone accepts `w: majority` and means nothing by it, and has no transactions. */
async function requireReplicaSet(db: Db): Promise<void> {
  const { setName, msg } = await db.admin().command({ hello: 1 });
  if (setName || msg === "isdbgrid") return;
  throw new UnsafeStore("MongoDB runs alone: start it as a replica set (one member is enough: mongod --replSet rs0, then rs.initiate())");
}

/** GridFS's name for the files of blobs. */
export const BUCKET = "blobfiles";

/** Names of the collections of the hot path; the others are named by their models. */
export const COLLECTIONS = {
  tickets: "tickets",
  replies: "replies",
  rejections: "rejections",
  counters: "counters",
  blobs: "blobs",
  blobFiles: "blobfiles.files",
  blobChunks: "blobfiles.chunks",
  secrets: "secrets",
  receipts: "receipts",
  deadLetters: "deadletters",
  inbound: "inbound",
  mailFolders: "mailfolders",
  mailBudgets: "mailbudgets",
  mailNotices: "mailnotices",
  mutes: "mutes",
  webhookEndpoints: "webhookendpoints",
  webhookCalls: "webhookcalls",
  correlations: "correlations",
  webhookSources: "webhooksources",
  webhookTokens: "webhooktokens",
} as const;

async function ensureIndexes(db: Db, models: Models): Promise<void> {
  await db.collection(COLLECTIONS.tickets).createIndexes([
    { key: { id: 1 }, name: "id", unique: true },
    { key: { tid: 1 }, name: "tid", unique: true },
    // Only where the requester's own name for the request is not its identity.
    { key: { alias: 1 }, name: "alias", sparse: true },
    // Only tickets with files are in it.
    { key: { "attachments.sha256": 1 }, name: "files", partialFilterExpression: { "attachments.0": { $exists: true } } },
    // Only tickets that owe something are in it.
    { key: { dueAt: 1 }, name: "dueAt", sparse: true },
  ]);
  await db.collection(COLLECTIONS.replies).createIndexes([
    { key: { replyId: 1 }, name: "replyId", unique: true },
    { key: { ticketId: 1, addedAt: 1 }, name: "ticket" },
    { key: { alias: 1 }, name: "alias", sparse: true },
    { key: { "attachments.sha256": 1 }, name: "files", partialFilterExpression: { "attachments.0": { $exists: true } } },
    { key: { dueAt: 1 }, name: "dueAt", sparse: true },
  ]);
  await db.collection(COLLECTIONS.rejections).createIndexes([
    { key: { expiresAt: 1 }, name: "expiresAt", expireAfterSeconds: 0 },
    { key: { alias: 1 }, name: "alias", sparse: true },
    // Only rejections that owe something are in it.
    { key: { dueAt: 1 }, name: "dueAt", sparse: true },
  ]);
  await db.collection(COLLECTIONS.receipts).createIndexes([
    // Only requests that are not decided are in it.
    { key: { checkAt: 1 }, name: "checkAt", sparse: true },
    { key: { expiresAt: 1 }, name: "expiresAt", expireAfterSeconds: 0 },
  ]);
  await db.collection(COLLECTIONS.deadLetters).createIndexes([{ key: { code: 1, diedAt: 1 }, name: "code" }]);
  await db.collection(COLLECTIONS.inbound).createIndexes([
    // Only messages that are not decided are in it.
    { key: { checkAt: 1 }, name: "checkAt", sparse: true },
    // Only those of them that a later mail may refer to.
    { key: { messageId: 1 }, name: "undecided", partialFilterExpression: { checkAt: { $exists: true }, messageId: { $exists: true } } },
    { key: { mailbox: 1, receivedAt: -1, _id: -1 }, name: "mailbox" },
    { key: { receivedAt: -1, _id: -1 }, name: "receivedAt" },
    // Only what waits for an operator is in it.
    { key: { state: 1, receivedAt: -1, _id: -1 }, name: "quarantine", partialFilterExpression: { state: "quarantined" } },
    { key: { requestId: 1 }, name: "requestId" },
    { key: { "ticket.id": 1 }, name: "ticket", sparse: true },
    // Only what webhooks have brought is in it.
    { key: { "source.webhook.source": 1, receivedAt: -1, _id: -1 }, name: "source", partialFilterExpression: { "source.webhook.source": { $exists: true } } },
    // Only events that count for a ticket are in it.
    {
      key: { "ticket.id": 1, receivedAt: -1, "correlation.state": 1 },
      name: "occurrences",
      partialFilterExpression: { "correlation.requestId": { $exists: true } },
    },
    // The sweep asks whether a content is a message's.
    { key: { "raw.sha256": 1 }, name: "raw" },
    { key: { "source.webhook.body.sha256": 1 }, name: "webhookBody", sparse: true },
  ]);
  await db.collection(COLLECTIONS.blobs).createIndexes([{ key: { fileId: 1 }, name: "fileId", unique: true }]);
  await db.collection(COLLECTIONS.blobChunks).createIndex({ files_id: 1, n: 1 }, { unique: true });
  await db.collection(COLLECTIONS.correlations).createIndexes([{ key: { expiresAt: 1 }, name: "expiresAt", expireAfterSeconds: 0 }]);
  await ensureMailIndexes(db);
  await ensureWebhookIndexes(db);
  await Promise.all(Object.values(models).map((model) => model.createIndexes()));
}

/** What incoming mail is looked up by, and what it leaves behind for a while. */
async function ensureMailIndexes(db: Db): Promise<void> {
  // Only what a mail with a Message-ID has made is in it.
  const ofMail = { name: "mail", partialFilterExpression: { "source.messageId": { $exists: true } } } as const;
  const byMail = { "source.messageId": 1, "source.mailbox": 1 } as const;
  await db.collection(COLLECTIONS.tickets).createIndexes([
    { key: { ...byMail, id: 1 }, ...ofMail },
    // Only tickets that go on for closed ones are in it.
    { key: { "linkedTo.id": 1 }, name: "linkedTo", sparse: true },
  ]);
  await db.collection(COLLECTIONS.replies).createIndexes([{ key: { ...byMail, ticketId: 1 }, ...ofMail }]);
  const expires = { key: { expiresAt: 1 }, name: "expiresAt", expireAfterSeconds: 0 } as const;
  await db.collection(COLLECTIONS.mailBudgets).createIndexes([expires]);
  await db.collection(COLLECTIONS.mutes).createIndexes([expires]);
  await db.collection(COLLECTIONS.mailNotices).createIndexes([expires, { key: { dueAt: 1 }, name: "dueAt", sparse: true }]);
  await db.collection(COLLECTIONS.webhookTokens).createIndexes([expires]);
}

/** What calls to endpoints are taken and listed by. */
async function ensureWebhookIndexes(db: Db): Promise<void> {
  await db.collection(COLLECTIONS.webhookCalls).createIndexes([
    // Only calls that are owed are in these two.
    { key: { endpoint: 1, dueAt: 1 }, name: "due", partialFilterExpression: { dueAt: { $exists: true } } },
    { key: { endsAt: 1 }, name: "endsAt", partialFilterExpression: { dueAt: { $exists: true } } },
    { key: { endpoint: 1, createdAt: -1, _id: -1 }, name: "endpoint" },
    { key: { endpoint: 1, state: 1, createdAt: -1, _id: -1 }, name: "state" },
    { key: { expiresAt: 1 }, name: "expiresAt", expireAfterSeconds: 0 },
  ]);
}
