import { COMMAND_QUEUE, isReplyAdded, OPEN_TICKET_JOB, replyMessage } from "@openticket/contract";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { RequestFields } from "./requests.ts";
import { type Sent, sentOf } from "./sent.ts";

/** A foreign producer: BullMQ alone, with a request id and a reply queue of its own. */
export interface RawProducer {
  send(fields: RequestFields): Promise<Sent>;
  /** Replies that came for each delivery, by request id and correlation id. */
  replies: ReadonlyMap<string, readonly { atMs: number; answer: string }[]>;
  close(): Promise<void>;
}

const REPLY_QUEUE = "chaos-raw-replies";
const PATIENCE_MS = 12_000;
/** Redis has this long to take a job, ms. */
const ADD_PATIENCE_MS = 3000;

/** Sends through one port, a proxy's, and reads its replies at another. */
export async function startRawProducer({
  producerPort,
  consumerPort,
  prefix,
}: {
  producerPort: number;
  consumerPort: number;
  prefix: string;
}): Promise<RawProducer> {
  const replies = new Map<string, { atMs: number; answer: string }[]>();
  const waiting = new Map<string, (sent: Sent) => void>();
  const seenJobs = new Set<string>();
  const connection = new Redis(producerPort, "127.0.0.1", { maxRetriesPerRequest: 1, commandTimeout: ADD_PATIENCE_MS, socketTimeout: PATIENCE_MS });
  const queue = new Queue(COMMAND_QUEUE, { connection, prefix });
  const consumerConnection = new Redis(consumerPort, "127.0.0.1", { maxRetriesPerRequest: null, socketTimeout: PATIENCE_MS });
  const consumer = new Worker(REPLY_QUEUE, async ({ id = "", timestamp, data }) => receive(`${id} ${timestamp}`, data), {
    connection: consumerConnection,
    prefix,
    concurrency: 50,
    maxStalledCount: 1000,
  });
  for (const link of [connection, consumerConnection]) link.on("error", () => undefined);
  queue.on("error", () => undefined);
  consumer.on("error", () => undefined);
  let deliveries = 0;

  /** A job that this consumer gets twice, for a lock that it lost itself, is one reply. */
  function receive(job: string, data: unknown): void {
    if (seenJobs.has(job)) return;
    seenJobs.add(job);
    for (const result of replyMessage.parse(data).results) {
      if (isReplyAdded(result)) continue;
      const { requestId, correlationId = "" } = result;
      const delivery = `${requestId} ${correlationId}`;
      replies.set(delivery, [...(replies.get(delivery) ?? []), { atMs: performance.now(), answer: JSON.stringify(sentOf(result)) }]);
      waiting.get(delivery)?.(sentOf(result));
    }
  }

  async function send({ key, params }: RequestFields): Promise<Sent> {
    const correlationId = `delivery-${++deliveries}`;
    const delivery = `${key} ${correlationId}`;
    const answer = new Promise<Sent>((resolve) => {
      waiting.set(delivery, resolve);
      setTimeout(resolve, PATIENCE_MS, { kind: "again", reason: "raw queue: silence" });
    });
    try {
      const data = { v: 1, requestId: key, correlationId, replyTo: { queue: REPLY_QUEUE }, ticket: params };
      // A delivery of its own each time: under one job id BullMQ would drop the second while it keeps the first.
      await queue.add(OPEN_TICKET_JOB, data, { jobId: `${key}-${correlationId}`, removeOnComplete: true });
      return await answer;
    } catch {
      return { kind: "again", reason: "raw queue: not added" };
    } finally {
      waiting.delete(delivery);
    }
  }

  return {
    send,
    replies,
    async close() {
      await Promise.all([queue.close(), consumer.close(true)]);
      connection.disconnect();
      consumerConnection.disconnect();
    },
  };
}
