import { COMMAND_QUEUE, type InboundRecord } from "@openticket/contract";
import { emailConfig, startEmail } from "@openticket/ingress";
import { type Metrics, makeDrain, makeLogger, makeMetrics, readConfig } from "@openticket/runtime";
import { connectStore, makeMongoBlobStore, type StoreConnection, seedExampleData } from "@openticket/store";
import { Queue } from "bullmq";
import { testMongoUrl, testRedisUrl, uniqueName } from "./servers.ts";

/** The email door in this process without a worker, on a database and a queue prefix of its own, with the example data. */
export interface EmailDoorUnderTest {
  /** Ports by scheme. */
  ports: Partial<Record<"smtp" | "smtps" | "lmtp", number>>;
  store: StoreConnection;
  queue: Queue;
  prefix: string;
  metrics: Metrics;
  records(filter?: Partial<InboundRecord>): Promise<InboundRecord[]>;
  /** The raw bytes that were stored of a message. */
  rawOf(record: InboundRecord | undefined): Promise<string>;
  stop(): Promise<void>;
}

type Environment = Record<string, string>;

/** See {@link EmailDoorUnderTest}; `env` sets single variables of the door, where they need it by the name of its database. */
export async function startEmailDoor(env: Environment | ((name: string) => Environment) = {}): Promise<EmailDoorUnderTest> {
  const prefix = uniqueName("email");
  const store = await connectStore({ url: testMongoUrl(prefix), appName: "test", serverSelectionTimeoutMs: 5000 });
  await seedExampleData(store);
  const logger = makeLogger({ name: "email", level: process.env.TEST_LOG_LEVEL ?? "silent" });
  const drain = makeDrain({ timeoutMs: 5000, logger });
  const metrics = makeMetrics();
  const environment = {
    MONGODB_URL: testMongoUrl(prefix),
    REDIS_URL: testRedisUrl(),
    QUEUE_PREFIX: prefix,
    SMTP_PORT: "0",
    LMTP_PORT: "0",
    SMTP_NAME: "mx.example.test",
    ...(typeof env === "function" ? env(prefix) : env),
  };
  const { urls } = await startEmail(readConfig(emailConfig, environment), { logger, drain, metrics }).catch(async (error) => {
    await drain.drain();
    await store.db.dropDatabase();
    await store.close();
    throw error;
  });
  const queue = new Queue(COMMAND_QUEUE, { connection: { url: testRedisUrl() }, prefix });
  const inbound = store.db.collection<InboundRecord>("inbound");
  return {
    ports: Object.fromEntries(urls.filter((url) => url.includes("//")).map((url) => [url.split(":")[0], Number(url.split(":").at(-1))])),
    store,
    queue,
    prefix,
    metrics,
    records: (filter = {}) => inbound.find(filter as never, { sort: { receivedAt: 1, mailbox: 1 } }).toArray(),
    async rawOf(record) {
      const chunks: Buffer[] = [];
      for await (const chunk of await makeMongoBlobStore(store).open(record?.raw.sha256 ?? "")) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString("latin1");
    },
    async stop() {
      await drain.drain();
      await queue.obliterate({ force: true });
      await queue.close();
      await store.db.dropDatabase();
      await store.close();
    },
  };
}
