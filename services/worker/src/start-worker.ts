import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BadRedisUrl, connectRedis, isRedisOutage, makeReplyPublisher, startJanitor, warnOfUnsafeSettings } from "@openticket/client";
import { allowedExtensions, type RequestStatus, resultOfErrors, TICKET_STATUSES } from "@openticket/contract";
import type { Drain, Logger, Metrics, ReadinessCheck } from "@openticket/runtime";
import {
  connectStore,
  ensureSecret,
  isStoreOutage,
  makeMongoBlobStore,
  makeMongoDeadLetters,
  makeMongoDirectory,
  makeMongoInbound,
  makeMongoMutes,
  makeMongoReceipts,
  makeMongoRejectionOutbox,
  makeMongoReplyStore,
  makeMongoTicketStore,
  makeSmallBlobReader,
  makeStoreClock,
} from "@openticket/store";
import { EventsWait } from "@openticket/webhooks";
import { makeAbridger } from "./abridge.ts";
import { type ActionDeps, makeActions } from "./actions.ts";
import type { WorkerConfig } from "./config.ts";
import { makeDeliveries } from "./deliveries.ts";
import { beginAtZero } from "./fault-counters.ts";
import { makeLateAnswer } from "./late-answer.ts";
import { EarlierUndecided } from "./mail/decide/earlier-undecided.ts";
import { SenderUnsettled } from "./mail/decide/sender-unsettled.ts";
import { makeRoomForMessages } from "./mail/raw-message.ts";
import { makeNotifier } from "./notify/notifier.ts";
import { makeTransport } from "./notify/transport.ts";
import { startDispatcher } from "./outbox/dispatcher.ts";
import { makeNumbers } from "./pipeline/numbers.ts";
import type { PipelineDeps, TicketRules } from "./pipeline/ports.ts";
import { outcomesOf } from "./pipeline/status.ts";
import { startCommandConsumer } from "./queue/command-consumer.ts";
import { makeCommandProducer } from "./queue/command-producer.ts";
import type { ConsumerDeps } from "./queue/consumer-deps.ts";
import { buryFailedJobs } from "./queue/give-up.ts";
import { startStatusAnswerer } from "./queue/status-answerer.ts";
import { startStuckWatch } from "./queue/stuck-watch.ts";
import { inboundSource } from "./recovery/inbound-source.ts";
import { receiptSource } from "./recovery/receipt-source.ts";
import { startRecovery } from "./recovery/recovery.ts";
import { startEvents } from "./start-events.ts";
import { makeNews, startEventsOut } from "./start-events-out.ts";
import { startMail } from "./start-mail.ts";
import { startSweeps } from "./start-sweeps.ts";

/** A worker waits patiently for a store to come back, ms: its jobs stay where they are. */
const STORE_PATIENCE_MS = 10_000;
const MS_PER_DAY = 86_400_000;
/** After a commit the relay leaves the outbox for this long to the process that wrote it, ms. */
const OUTBOX_GRACE_MS = 90_000;
/** They owe events alone, which are seldom left to the relay: an idle worker need not look more often. */
const REJECTIONS_SWEEP_MS = 30_000;
/** Failed jobs that one round of the recovery makes dead letters of. */
const FAILED_JOBS_AT_ONCE = 100;

/** Starts a worker: consumer, status answers, outbox relay, janitor. Stopping is a matter of the drain. Wiring only. */
export async function startWorker(
  config: WorkerConfig,
  { logger, drain, metrics }: { logger: Logger; drain: Drain; metrics: Metrics },
): Promise<{ checks: ReadinessCheck[] }> {
  const store = await connectStore({
    url: config.MONGODB_URL,
    appName: "openticket-worker",
    serverSelectionTimeoutMs: STORE_PATIENCE_MS,
    queuePrefix: config.QUEUE_PREFIX,
    onSlowIndexes: () => logger.warn("indexes are being built, the start waits for them"),
  });
  drain.onDrain("store", () => store.close());
  const redis = connectRedis({
    url: config.REDIS_URL,
    prefix: config.QUEUE_PREFIX,
    name: "worker",
    role: "worker",
    onError: (err) => err instanceof BadRedisUrl && logger.error({ err }, "redis cannot be used"),
  });
  drain.onDrain("redis", () => redis.quit());
  void warnOfUnsafeSettings(redis, logger);
  beginAtZero(metrics);
  const queueOptions = { connection: redis, prefix: config.QUEUE_PREFIX };

  const clock = await makeStoreClock(store);
  drain.onDrain("clock", () => clock.close());
  const { now } = clock;
  const numbers = makeNumbers({ mask: config.TICKET_MASK, timeZone: config.TIME_ZONE });
  const tickets = makeMongoTicketStore(store, { numbers, now });
  const ticketReplies = makeMongoReplyStore(store, { now });
  const directory = makeMongoDirectory(store);
  const blobs = makeMongoBlobStore(store);
  const { wantsEvent, announcer } = await startEventsOut(config, { store, findHead: tickets.findHead, now, logger, drain, metrics });
  const pipeline: PipelineDeps = { directory, tickets, replies: ticketReplies, blobs, rules: rulesOf(config), wantsEvent, now };

  const replies = makeReplyPublisher({ ...queueOptions, logger });
  drain.onDrain("replies", () => replies.close());
  const tokenSecret = config.MAIL_TOKEN_SECRET ?? (await ensureSecret(store, "mail-token", () => randomBytes(32).toString("hex")));
  const transport = await makeTransport({ config, tokenSecret, logger });
  drain.onDrain("mail", () => transport.close());
  const notifier = makeNotifier({
    transport,
    config,
    now,
    describeDepartment: (id) => directory.department(id),
    findMute: makeMongoMutes(store, { now }).find,
  });

  const deliveries = makeDeliveries({ answer: makeLateAnswer({ redis, replies }), notifier, tickets, replies: ticketReplies, announcer });
  const dispatching = { severityOf: deliveries.severityOf, isOutage: isStoreOutage, now, random: Math.random, sleep, logger, metrics };
  const abridge = makeAbridger(config.MAIL_MESSAGE_MAX_CHARS);
  const ticketDispatcher = startDispatcher({ ...dispatching, abridge, outbox: tickets, deliver: deliveries.ofTicket });
  drain.onDrain("dispatcher of tickets", () => ticketDispatcher.close());
  const replyDispatcher = startDispatcher({ ...dispatching, abridge, outbox: ticketReplies, deliver: deliveries.ofReply });
  drain.onDrain("dispatcher of replies", () => replyDispatcher.close());
  const rejectionDispatcher = startDispatcher({
    ...dispatching,
    outbox: makeMongoRejectionOutbox(store),
    deliver: deliveries.ofRejection,
    sweepIntervalMs: REJECTIONS_SWEEP_MS,
  });
  drain.onDrain("dispatcher of rejections", () => rejectionDispatcher.close());
  drain.onDrain("notifier", () => notifier.close());

  const letters = makeMongoDeadLetters(store);
  const receipts = makeMongoReceipts(store, { retentionMs: config.RECEIPT_RETENTION_DAYS * MS_PER_DAY, now });
  const inbound = makeMongoInbound(store, { now });
  const outcomes = (requestIds: readonly string[]): Promise<RequestStatus[]> =>
    outcomesOf(requestIds, { ...tickets, ...ticketReplies, findDeadLetter: letters.find });
  const answerer = startStatusAnswerer(queueOptions, { outcomes, answer: (queue, message) => replies.send(queue, message), logger });
  drain.onDrain("status answers", () => answerer.close());
  const janitor = startJanitor({ ...queueOptions, logger });
  drain.onDrain("janitor", () => janitor.close());

  const news = makeNews({ tickets: ticketDispatcher, rejections: rejectionDispatcher, findTicket: tickets.findById, logger });
  const actionDeps: ActionDeps = { pipeline, tickets: ticketDispatcher, replies: replyDispatcher, news };
  const { severityOf } = deliveries;
  const rawMessages = { open: blobs.open, readSmall: makeSmallBlobReader(store) };
  const room = makeRoomForMessages();
  const mail = startMail(config, { ...actionDeps, store, inbound, rawMessages, room, notifier, severityOf, tokenSecret, now, logger, drain, metrics });
  const events = startEvents(config, { ...actionDeps, store, inbound, rawMessages, room, now, drain, metrics });
  const consumerDeps: ConsumerDeps = {
    actions: makeActions({ ...actionDeps, mail, events }),
    reply: (queue, result) => replies.publish(queue, result),
    // A receipt that does not hear of its outcome is looked at again by the recovery.
    decided: (requestId, outcome) => void receipts.decided(requestId, outcome).catch((err: unknown) => logger.warn({ err, requestId }, "receipt not updated")),
    bury: letters.bury,
    failed: (request, error) => resultOfErrors(request, [error]),
    retryInMs: (error) => (error instanceof SenderUnsettled || error instanceof EarlierUndecided ? error.retryInMs : undefined),
    isTooEarly: (error) => error instanceof EarlierUndecided,
    isOutage: (error) => isStoreOutage(error) || isRedisOutage(error) || error instanceof EventsWait || error instanceof SenderUnsettled,
    now,
    random: Math.random,
    logger,
    metrics,
  };
  const producer = makeCommandProducer({ ...queueOptions, logger });
  drain.onDrain("producer", () => producer.close());
  const buryFailed = async () => buryFailedJobs(await producer.failed(FAILED_JOBS_AT_ONCE), consumerDeps);
  const recovery = startRecovery({
    sources: [receiptSource(receipts), inboundSource(inbound)],
    queue: producer,
    outcomes,
    buryFailed,
    now,
    random: Math.random,
    logger,
    metrics,
  });
  drain.onDrain("recovery", () => recovery.close());
  startSweeps(config, { store, letters, now, logger, drain });
  const consumer = startCommandConsumer({ ...queueOptions, concurrency: config.WORKER_CONCURRENCY, lockDurationMs: config.WORKER_LOCK_MS }, consumerDeps);
  drain.onDrain("consumer", () => consumer.close());
  const watch = startStuckWatch({ waiting: producer.waiting, consumer, random: Math.random, logger, metrics });
  drain.onDrain("stuck watch", () => watch.close());
  return {
    checks: [
      { name: "mongodb", check: () => store.ping() },
      { name: "redis", check: () => redis.ping() },
    ],
  };
}

function rulesOf(config: WorkerConfig): TicketRules {
  return {
    timeZone: config.TIME_ZONE,
    defaultPriority: config.TICKET_PRIORITY_DEFAULT,
    rejectionRetentionMs: config.REJECTION_RETENTION_DAYS * MS_PER_DAY,
    attachments: {
      count: config.ATTACHMENT_MAX_COUNT,
      bytes: config.ATTACHMENT_MAX_BYTES,
      totalBytes: config.ATTACHMENT_MAX_TOTAL_BYTES,
      extensions: allowedExtensions(config.ATTACHMENT_EXTENSIONS),
    },
    statuses: [...TICKET_STATUSES, ...config.TICKET_STATUSES],
    outboxGraceMs: OUTBOX_GRACE_MS,
  };
}
