import type { Logger, Metrics } from "@openticket/runtime";
import {
  type BlobStore,
  type InboundStore,
  inTime,
  isStoreOutage,
  type Mailboxes,
  makeMongoWebhookTokens,
  type StoreConnection,
  type WebhookSources,
} from "@openticket/store";
import { type KindDeps, makeGuardedFetch, ProviderUnreachable, type SecretBox, SecretsLocked, sourceKind } from "@openticket/webhooks";
import { sendBeforeBody } from "./adapters/http/send-before-body.ts";
import { COST_OF_BYTE } from "./adapters/webhook/read-call.ts";
import { registerWebhooks, type WebhookRouteDeps } from "./adapters/webhook/route.ts";
import type { HttpConfig } from "./config.ts";
import { makeGate } from "./intake/gate.ts";
import { makeMemoryBudget } from "./intake/memory-budget.ts";
import type { makeCommandQueue } from "./queue/command-queue.ts";
import { readVitals } from "./vitals.ts";

/**
 * How long the store may take with a call, ms: GitHub waits 10 s for its answer, the look whether there is room included. What
 * is stored after all is met by the repetition.
 */
const STORE_TIMEOUT_MS = 6000;
const EVERYWHERE = ["0.0.0.0/0", "::/0"];

export interface WebhookParts {
  store: StoreConnection;
  queue: ReturnType<typeof makeCommandQueue>;
  blobs: BlobStore;
  inbound: InboundStore;
  mailboxes: Mailboxes;
  sources: WebhookSources;
  box: SecretBox;
  /** The store's time, of what is stored and of signatures alike: a door that is behind refuses no call that another one takes. */
  now(): Date;
  logger: Logger;
  metrics: Metrics;
  retryAfter: WebhookRouteDeps["retryAfter"];
}

/** The routes of webhooks, for the HTTP door's server. Wiring only. */
export function webhookRoutes(config: HttpConfig, parts: WebhookParts): (app: Parameters<typeof registerWebhooks>[0]) => void {
  const { store, queue, box, logger } = parts;
  const deps: WebhookRouteDeps = {
    ...parts,
    tokens: makeMongoWebhookTokens(store),
    kindOf: sourceKind,
    submit: (command) => queue.submitMail(command),
    submitEvent: (command) => queue.submitEvent(command),
    sameMail: config.MAIL_SAME_MAIL,
    openSecret: box.open,
    fetch: fetchOfProvider,
    maxMailBytes: config.WEBHOOK_MAX_MAIL_BYTES,
    maxHops: config.WEBHOOK_MAX_HOPS,
    maxBodyBytes: config.HTTP_MAX_BODY_BYTES,
    bodyTimeoutMs: config.WEBHOOK_BODY_TIMEOUT_MS,
    publicUrl: config.HTTP_PUBLIC_URL,
    budget: makeMemoryBudget(config.WEBHOOK_MEMORY_BYTES, COST_OF_BYTE),
    // Stored first, so that a queue that is away loses nothing: some providers send an event only once.
    gate: makeGate({ read: () => readVitals(queue, store), maxQueueDepth: config.HTTP_MAX_QUEUE_DEPTH, isQueueOptional: true, nowMs: () => performance.now() }),
    inTime: (work) => inTime(work, STORE_TIMEOUT_MS),
    isOutage: (error) => isStoreOutage(error) || error instanceof SecretsLocked || error instanceof ProviderUnreachable,
    sendEarly: sendBeforeBody,
    onNotEnqueued: (inboundId, err) => logger.warn({ inboundId, err }, "message stored, but not enqueued yet"),
    onUnread: (source, because) => logger.warn({ source, because }, "mails of a call cannot be read"),
  };
  return (app) => registerWebhooks(app, deps);
}

/** A host that the operator has named may be anywhere; any other only in the public internet. */
const fetchOfProvider: KindDeps["fetch"] = (url, { ca, isNamedByOperator = false, ...limits }) =>
  makeGuardedFetch({ allowedNetworks: isNamedByOperator ? EVERYWHERE : [], ca })(url, limits);
