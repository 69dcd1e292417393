import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ADD_TICKET_REPLY_JOB, allowedExtensions, type Command, OPEN_TICKET_JOB } from "@openticket/contract";
import { type Drain, explainListening, isOneOf, type Logger, type Metrics, makeNetworks, type Readiness, readiness } from "@openticket/runtime";
import {
  connectStore,
  hashSecret,
  makeMongoBlobStore,
  makeMongoCalls,
  makeMongoCredentialStore,
  makeMongoDeadLetters,
  makeMongoEndpoints,
  makeMongoEventTickets,
  makeMongoInbound,
  makeMongoMailboxes,
  makeMongoReceipts,
  makeMongoReplyReader,
  makeMongoTicketReader,
  makeMongoWebhookSources,
  makeStoreClock,
  type StoreConnection,
  verifySecret,
} from "@openticket/store";
import { makeEndpointManager, makeSecretBox, makeSourceManager, newSecretId, SECRET_BYTES, type SecretBox } from "@openticket/webhooks";
import { makeHttpApp } from "./adapters/http/http-app.ts";
import type { WebhookEndpointsDeps } from "./adapters/http/rest/webhook-endpoint-deps.ts";
import type { HttpConfig } from "./config.ts";
import { withEnvCredentials } from "./intake/env-credentials.ts";
import { makeGate } from "./intake/gate.ts";
import { makeMemoryBudget } from "./intake/memory-budget.ts";
import { makeCommandQueue } from "./queue/command-queue.ts";
import { webhookRoutes } from "./start-webhooks.ts";
import { readVitals } from "./vitals.ts";

/** A door answers 503 quickly rather than wait for a store to come back, ms. */
const STORE_PATIENCE_MS = 2000;
const RETRY_AFTER_S = 5;

export interface HttpDoor {
  url: string;
  /** What `/readyz` says. */
  readiness(): Promise<Readiness>;
}

/** Starts the HTTP door and hands its address back; stopping is a step of the drain. Wiring only. */
export async function startHttp(config: HttpConfig, { logger, drain, metrics }: { logger: Logger; drain: Drain; metrics: Metrics }): Promise<HttpDoor> {
  const store = await connectStore({
    url: config.MONGODB_URL,
    appName: "openticket-http",
    serverSelectionTimeoutMs: STORE_PATIENCE_MS,
    queuePrefix: config.QUEUE_PREFIX,
    onSlowIndexes: () => logger.warn("indexes are being built, the start waits for them"),
  });
  drain.onDrain("store", () => store.close());
  const clock = await makeStoreClock(store);
  drain.onDrain("clock", () => clock.close());
  const { now } = clock;
  const lateReceipts = new Map<Promise<void>, Command>();
  drain.onDrain("receipts", () => Promise.all(lateReceipts.keys()));
  const queue = makeCommandQueue({ redisUrl: config.REDIS_URL, prefix: config.QUEUE_PREFIX, ownerName: "http", logger });
  drain.onDrain("queue", () => queue.close());
  const isAllowedIp = config.HTTP_ALLOWED_IPS.length > 0 ? makeNetworks(config.HTTP_ALLOWED_IPS) : () => true;
  const credentials = withEnvCredentials(makeMongoCredentialStore(store), { pairs: config.API_CREDENTIALS, admin: config.API_CREDENTIALS_ADMIN }, hashSecret);
  const blobs = makeMongoBlobStore(store);
  const inbound = makeMongoInbound(store, { now });
  const sources = makeMongoWebhookSources(store);
  const mailboxes = makeMongoMailboxes(store);
  const unadmitted = makeMemoryBudget(config.HTTP_UNADMITTED_MEMORY_BYTES);
  metrics.gauge("http_unadmitted_bytes_held", "Memory that calls at api.php take before it is known who calls, bytes", unadmitted.taken);
  const box = makeSecretBox(config.SECRETS_KEY);
  const retryAfter = () => ({ "retry-after": String(RETRY_AFTER_S) });
  const checks = [
    { name: "mongodb", check: () => store.ping() },
    { name: "redis", check: () => queue.ping() },
  ];
  const app = await makeHttpApp(
    {
      queue,
      tickets: {
        ...makeMongoTicketReader(store),
        ...makeMongoReplyReader(store),
        findDeadLetter: makeMongoDeadLetters(store).find,
        occurrencesOf: makeMongoEventTickets(store).occurrencesOf,
      },
      inbound,
      webhookSources: {
        store: sources,
        manager: makeSourceManager({ sources, mailboxes, box, now, newId: newSecretId }),
        publicUrl: config.HTTP_PUBLIC_URL,
      },
      webhookEndpoints: endpointDeps(config, { store, box, now }),
      receipts: makeMongoReceipts(store, { retentionMs: 0, now }),
      asyncDurability: config.HTTP_ASYNC_DURABILITY,
      onNotEnqueued: (requestId, err) => logger.warn({ requestId, err }, "accepted, but not enqueued yet"),
      beside(receipt, command) {
        lateReceipts.set(receipt, command);
        void receipt.then(() => lateReceipts.delete(receipt));
      },
      isReceiptOnItsWay: (requestId, credential) =>
        [...lateReceipts.values()].some((late) => late.requestId === requestId && late.source.credential === credential),
      gate: makeGate({ read: () => readVitals(queue, store), maxQueueDepth: config.HTTP_MAX_QUEUE_DEPTH, nowMs: () => performance.now() }),
      blobs,
      unadmitted,
      credentials,
      verifySecret,
      bodyLimits: bodyLimitsOf(config),
      replyTimeoutMs: config.HTTP_REPLY_TIMEOUT_MS,
      allowGet: config.HTTP_ALLOW_GET,
      hasAccessKeys: config.HTTP_ACCESS_KEYS.length > 0,
      isAllowedIp,
      isAccessKey: async (presented) => isOneOf(presented, config.HTTP_ACCESS_KEYS),
      actions: new Set([OPEN_TICKET_JOB, ADD_TICKET_REPLY_JOB].map((action) => action.toLowerCase())),
      retryAfter,
      now,
      nowMs: () => performance.now(),
      sleep,
      newRequestId: () => `req_${randomUUID().replaceAll("-", "")}`,
    },
    {
      logger,
      trustedProxies: config.HTTP_TRUSTED_PROXIES,
      metrics,
      checks,
      routes: [webhookRoutes(config, { store, queue, blobs, inbound, mailboxes, sources, box, now, logger, metrics, retryAfter })],
    },
  );
  const address = { host: config.HTTP_HOST, port: config.HTTP_PORT };
  const url = await explainListening(app.listen(address), { ...address, setting: "HTTP_PORT", hostSetting: "HTTP_HOST" });
  drain.onDrain("http", () => app.close());
  return { url, readiness: () => readiness(checks) };
}

function endpointDeps(config: HttpConfig, { store, box, now }: { store: StoreConnection; box: SecretBox; now(): Date }): WebhookEndpointsDeps {
  const [endpoints, calls] = [makeMongoEndpoints(store), makeMongoCalls(store)];
  const allowedNetworks = config.EVENTS_ALLOWED_NETWORKS;
  const newKey = () => randomBytes(SECRET_BYTES);
  const manager = makeEndpointManager({ endpoints, calls, box, allowedNetworks, now, newId: newSecretId, newKey });
  return { manager, store: endpoints, calls };
}

function bodyLimitsOf(config: HttpConfig) {
  return {
    bodyBytes: config.HTTP_MAX_BODY_BYTES,
    fieldBytes: config.HTTP_MAX_FIELD_BYTES,
    fields: 2000,
    nesting: 10,
    attachments: config.ATTACHMENT_MAX_COUNT,
    attachmentBytes: config.ATTACHMENT_MAX_BYTES,
    attachmentTotalBytes: config.ATTACHMENT_MAX_TOTAL_BYTES,
    attachmentExtensions: allowedExtensions(config.ATTACHMENT_EXTENSIONS),
  };
}
