import { Readable } from "node:stream";
import { CONTRACT_VERSION, eventMailbox, type InboundRecord, type TicketRecord, type WebhookSource } from "@openticket/contract";
import { makeDrain, makeLogger, makeMetrics } from "@openticket/runtime";
import {
  connectStore,
  EXAMPLE_DATA,
  makeMemoryDirectory,
  makeMongoBlobStore,
  makeMongoEventTickets,
  makeMongoInbound,
  makeMongoReplyStore,
  makeMongoTicketStore,
  makeMongoWebhookSources,
  makeSmallBlobReader,
} from "@openticket/store";
import { testMongoUrl } from "../../../../test/support/servers.ts";
import { makeRoomForMessages } from "../../src/mail/raw-message.ts";
import { makeNumbers } from "../../src/pipeline/numbers.ts";
import type { PipelineDeps } from "../../src/pipeline/ports.ts";
import { startEvents } from "../../src/start-events.ts";

const now = () => new Date();
const CONFIG = { WEBHOOK_MAPPING_PROCESSES: 1, WEBHOOK_MAPPING_TIMEOUT_MS: 5000, WEBHOOK_MAPPING_MEMORY_MB: 96 };

/** A place where a worker of a test dies: the name of a call of its store, and whether the call was made. */
export interface Death {
  call: "settleBelonging" | "commit" | "decide";
  when: "before" | "after";
}

/** A worker for events with a connection of its own, and what was stored by all of them. */
export async function makeEventWorker(database: string) {
  const store = await connectStore({ url: testMongoUrl(database), appName: "test", serverSelectionTimeoutMs: 5000 });
  const inbound = makeMongoInbound(store, { now });
  const tickets = makeMongoTicketStore(store, { numbers: makeNumbers({ mask: "%n%n%n%n%n%n%n%n", timeZone: "UTC" }), now });
  const blobs = makeMongoBlobStore(store);
  const drain = makeDrain({ logger: makeLogger({ name: "test", level: "fatal" }), timeoutMs: 5000 });
  const attachments = { count: 1, bytes: 1, totalBytes: 1, extensions: "any" as const };
  const pipeline: PipelineDeps = {
    directory: makeMemoryDirectory(EXAMPLE_DATA),
    tickets,
    replies: makeMongoReplyStore(store, { now }),
    blobs,
    rules: { timeZone: "UTC", defaultPriority: "Medium", rejectionRetentionMs: 60_000, attachments, statuses: [], outboxGraceMs: 60_000 },
    now,
  };
  const dispatcher = { opened: async () => undefined, delivered: () => undefined };
  const actionOf = (death?: Death) =>
    startEvents(CONFIG, {
      pipeline: { ...pipeline, tickets: dying(tickets, death) },
      tickets: dispatcher,
      replies: dispatcher,
      store,
      inbound: dying(inbound, death),
      room: makeRoomForMessages(),
      rawMessages: { open: blobs.open, readSmall: makeSmallBlobReader(store) },
      now,
      drain,
      metrics: makeMetrics(),
    });
  const alive = actionOf();

  async function run(inboundId: string, death?: Death): Promise<string> {
    const action = death ? actionOf(death) : alive;
    const data = { v: CONTRACT_VERSION, requestId: "req", inboundId, receivedAt: now().toISOString() };
    const job = action.read(data, { requestId: "req", receivedAt: now().toISOString(), channel: "queue" });
    if (job.kind === "unreadable") throw new Error(job.reason);
    return (await job.run({ mayHaveTwin: () => true })).kind;
  }

  return {
    store,
    inbound,
    run,
    sources: makeMongoWebhookSources(store),
    events: makeMongoEventTickets(store),
    allTickets: () => store.db.collection<TicketRecord>("tickets").find().sort({ openedAt: 1, id: 1 }).toArray(),
    setStatus: (id: number, status: string) => store.db.collection("tickets").updateOne({ id }, { $set: { status } }),
    /** Stores an event as the door does, and gives back its id. */
    async receive(body: unknown, { at = now(), source = "alerts" }: { at?: Date; source?: string } = {}): Promise<string> {
      const blob = await blobs.put(Readable.from([Buffer.from(JSON.stringify(body))]), { maxBytes: 1e6 });
      const record = recordOf(blob, source, at);
      await inbound.accept(record);
      return record._id;
    },
    async close() {
      await drain.drain();
      await store.close();
    },
  };
}
export type EventWorker = Awaited<ReturnType<typeof makeEventWorker>>;

let count = 0;

function recordOf(blob: { sha256: string; size: number }, source: string, receivedAt: Date): InboundRecord {
  const name = `${process.pid}${++count}`.padStart(32, "0");
  return {
    _id: `inb_${name}`,
    requestId: `req_${name}`,
    mailbox: eventMailbox(source),
    source: { door: "webhook", envelopeTo: [], webhook: { source, kind: "json", body: blob } },
    raw: blob,
    receivedAt,
    state: "stored",
    trace: [],
    repetitions: 0,
    checkAt: receivedAt,
  };
}

/** A source of alerts as these tests send them: `{ name, state, text }`. */
export function alertSource(more: Partial<WebhookSource> = {}): WebhookSource {
  return {
    _id: "alerts",
    kind: "json",
    isEnabled: true,
    settings: {},
    secrets: [],
    mapping: { ticket: { subject: '"Alert " & name', message: "text" } },
    correlation: { key: "name", windowSeconds: 3600, resolved: 'state = "resolved"', onResolved: "close", afterResolved: "reopen" },
    defaults: { deptid: 1, name: "Monitoring", email: "monitoring@example.test" },
    createdAt: now(),
    updatedAt: now(),
    ...more,
  };
}

class Died extends Error {}

function dying<T extends object>(port: T, death: Death | undefined): T {
  if (!death || !(death.call in port)) return port;
  const call = Reflect.get(port, death.call) as (...args: unknown[]) => Promise<unknown>;
  const dies = async (...args: unknown[]) => {
    if (death.when === "after") await call(...args);
    throw new Died(`${death.when} ${death.call}`);
  };
  return { ...port, [death.call]: dies };
}

export async function dropAndClose(workers: readonly EventWorker[]): Promise<void> {
  await workers[0]?.store.db.dropDatabase();
  for (const worker of workers) await worker.close();
}
