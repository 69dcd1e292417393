import { randomBytes } from "node:crypto";
import {
  type AddTicketReplyCommand,
  type AddTicketReplyResult,
  actionOf,
  COMMAND_QUEUE,
  type Command,
  type CommandResult,
  DEFAULT_QUEUE_PREFIX,
  fingerprintOf,
  INBOUND_EVENT_JOB,
  INBOUND_MAIL_JOB,
  type InboundMailCommand,
  type OpenTicketCommand,
  type OpenTicketResult,
  REQUEST_STATUS_JOB,
  type RequestStatus,
  STATUS_QUEUE,
} from "@openticket/contract";
import { makeBoundedQueue } from "./bounded-queue.ts";
import type { ClientLogger } from "./client-logger.ts";
import { QueueUnavailable, ReplyTimeout } from "./errors.ts";
import { inCommandTime } from "./in-command-time.ts";
import { leavePointer, type Pointer, pointerOf } from "./job-lookup.ts";
import type { JobState } from "./job-states.ts";
import { connectRedis, serversOf } from "./redis.ts";
import { memoryInUse, warnOfUnsafeSettings } from "./redis-safety.ts";
import { makeReplyInbox } from "./reply-inbox.ts";
import { closedKey } from "./reply-owners.ts";
import { makeWaitingRoom, type Waiting } from "./waiting-room.ts";

/**
 * Sends commands and matches replies to those who wait.
 *
 * Problem: BullMQ drops a job whose id it still knows. That makes sending safe to repeat, but the second caller with
 * the same idempotency key would never get a reply.
 * Choice: a command with a key whose caller waits travels under a job id of its own, and its reply is matched by a
 * correlation id of its own; the store's unique identity keeps it one ticket, and a conflict reaches the caller that
 * caused it. Where such a job is to be found is written to Redis beside it, and what it asks for when its caller gave up waiting.
 * Invariant: a wait always ends, and leaves nothing behind.
 */
export interface Requester {
  /** Enqueues without a reply. Throws in about 2 s: {@link QueueUnavailable}, or {@link ReplyTimeout} when the queue may have it. */
  submit(command: Command): Promise<void>;
  /** Enqueues the job that reads a stored message. Throws as {@link submit} does. */
  submitMail(command: InboundMailCommand): Promise<void>;
  /** Enqueues the job that reads a stored event of a webhook. Throws as {@link submit} does. */
  submitEvent(command: InboundMailCommand): Promise<void>;
  /**
   * Enqueues and waits for the outcome. Throws {@link QueueUnavailable} in about 2 s, {@link ReplyTimeout} when the time is up, also
   * where it is not known whether the queue has the command, or TooManyWaiting.
   */
  submitAndWait: SubmitAndWait;
  /**
   * True when a request with a key, and with the same content, has a job in the queue whose caller gave up waiting: another
   * one would only make the queue longer. Throws {@link QueueUnavailable}.
   */
  isUnderWay(command: Command): Promise<boolean>;
  /** What the queue knows of a request that has no outcome yet. Throws {@link QueueUnavailable}. */
  jobState(requestId: string): Promise<"queued" | "working" | undefined>;
  /** The stored outcomes of earlier requests, in the order asked (at most 100). Throws as {@link submitAndWait} does. */
  outcomes(requestIds: string[], options: { timeoutMs: number }): Promise<RequestStatus[]>;
  /** Commands that wait, the part of Redis' memory that is in use (0: without a limit), whether an operator has closed the doors. Throws {@link QueueUnavailable}. */
  vitals(): Promise<{ depth: number; memory: number; isClosed: boolean }>;
  /** Throws {@link QueueUnavailable} when Redis does not answer. */
  ping(): Promise<void>;
  /** Callers that still wait get a {@link ReplyTimeout}; the reply queue is removed. */
  close(): Promise<void>;
  readonly counts: RequesterCounts;
}

/** The outcome is of the command's own action. */
export interface SubmitAndWait {
  (command: OpenTicketCommand, options: { timeoutMs: number }): Promise<OpenTicketResult>;
  (command: AddTicketReplyCommand, options: { timeoutMs: number }): Promise<AddTicketReplyResult>;
  (command: Command, options: { timeoutMs: number }): Promise<CommandResult>;
}

export interface RequesterCounts {
  /** Callers that wait now. */
  readonly waiting: number;
  /** Replies that nobody waited for any more, dropped. */
  readonly lateReplies: number;
  /** Messages on the reply queue that were no replies, dropped. */
  readonly malformedReplies: number;
}

export interface RequesterOptions {
  redisUrl: string;
  prefix?: string | undefined;
  /** Appears in the reply queue's name. */
  ownerName: string;
  logger?: ClientLogger | undefined;
  /** Callers that may wait at one time. */
  maxWaiting?: number | undefined;
}

const DEFAULT_MAX_WAITING = 10_000;

/** See {@link Requester}. Connects at once; starts to read its reply queue with the first request that wants a reply. */
export function makeRequester({ redisUrl, prefix = DEFAULT_QUEUE_PREFIX, ownerName, logger, maxWaiting = DEFAULT_MAX_WAITING }: RequesterOptions): Requester {
  const connection = connectRedis({
    url: redisUrl,
    prefix,
    name: `openticket-${nameable(ownerName)}`,
    role: "door",
    onError: (err) => logger?.warn({ err }, "queue connection error"),
  });
  if (logger) void warnOfUnsafeSettings(connection, logger);
  const commands = makeBoundedQueue(COMMAND_QUEUE, { connection, prefix });
  const places = { connection, prefix };
  const questions = makeBoundedQueue(STATUS_QUEUE, { connection, prefix });
  const results = makeWaitingRoom<CommandResult>({ capacity: maxWaiting });
  const statuses = makeWaitingRoom<RequestStatus[]>({ capacity: maxWaiting });
  let lateReplies = 0;
  let malformedReplies = 0;
  const inbox = makeReplyInbox({
    redisUrl,
    prefix,
    owner: `${nameable(ownerName)}-${randomBytes(8).toString("hex")}`,
    logger,
    onResults: (list) => list.forEach(deliver),
    onStatuses: (answerId, list) => void (statuses.call(answerId, list) || lateReplies++),
    onMalformed: () => void malformedReplies++,
  });

  function deliver(result: CommandResult): void {
    const { correlationId } = result;
    if (correlationId !== undefined && results.call(correlationId, result)) return;
    if (!results.call(result.requestId, result)) lateReplies++;
  }

  async function submit(command: Command): Promise<void> {
    await commands.add({ name: actionOf(command), id: command.requestId, data: command });
  }

  function submitAndWait(command: OpenTicketCommand, options: { timeoutMs: number }): Promise<OpenTicketResult>;
  function submitAndWait(command: AddTicketReplyCommand, options: { timeoutMs: number }): Promise<AddTicketReplyResult>;
  function submitAndWait(command: Command, options: { timeoutMs: number }): Promise<CommandResult>;
  async function submitAndWait(command: Command, { timeoutMs }: { timeoutMs: number }): Promise<CommandResult> {
    const { requestId, correlationId } = command;
    const hasKey = command.idempotencyKey !== undefined;
    const token = `wait_${randomBytes(12).toString("hex")}`;
    const wait = results.enter(hasKey ? token : requestId, { timeoutMs, late: () => new ReplyTimeout(requestId) });
    inbox.open();
    const id = hasKey ? `${requestId}-${token.slice(-12)}` : requestId;
    const data = { ...command, replyTo: { queue: inbox.queue }, ...(hasKey && { correlationId: token }) };
    endIfRefused(wait, commands.add({ name: actionOf(command), id, data }));
    if (hasKey) notePlace(requestId, { jobId: id }, timeoutMs);
    try {
      return withCorrelation(await wait.arrived, correlationId);
    } catch (error) {
      if (error instanceof ReplyTimeout && hasKey) notePlace(requestId, { jobId: id, fingerprint: fingerprintOf(command) });
      throw error;
    }
  }

  function notePlace(requestId: string, pointer: Pointer, waitMs?: number): void {
    leavePointer(places, requestId, pointer, waitMs).catch((err: unknown) => logger?.warn({ err, requestId }, "job pointer not written"));
  }

  async function isUnderWay(command: Command): Promise<boolean> {
    const pointer = await reached(pointerOf(places, command.requestId));
    if (pointer?.fingerprint !== fingerprintOf(command)) return false;
    return inOurWords(await commands.stateOf(pointer.jobId)) !== undefined;
  }

  async function jobState(requestId: string): Promise<"queued" | "working" | undefined> {
    const [state, pointed] = await Promise.all([commands.stateOf(requestId), reached(pointerOf(places, requestId))]);
    return inOurWords(state) ?? (pointed && inOurWords(await commands.stateOf(pointed.jobId)));
  }

  async function outcomes(requestIds: string[], { timeoutMs }: { timeoutMs: number }): Promise<RequestStatus[]> {
    const id = `ask_${randomBytes(16).toString("hex")}`;
    const wait = statuses.enter(`${id}-answer`, { timeoutMs, late: () => new ReplyTimeout(requestIds[0] ?? id) });
    inbox.open();
    endIfRefused(wait, questions.add({ name: REQUEST_STATUS_JOB, id, data: { v: 1, requestIds, replyTo: { queue: inbox.queue } } }));
    return await wait.arrived;
  }

  async function close(): Promise<void> {
    results.closeAll();
    statuses.closeAll();
    await Promise.all([inbox.close(), commands.close(), questions.close()]);
    connection.disconnect();
  }

  return {
    submit,
    submitMail: (command) => commands.add({ name: INBOUND_MAIL_JOB, id: command.requestId, data: command }),
    submitEvent: (command) => commands.add({ name: INBOUND_EVENT_JOB, id: command.requestId, data: command }),
    submitAndWait,
    isUnderWay,
    jobState,
    outcomes,
    async vitals() {
      const memories = Promise.all(serversOf(connection).map((server) => server.info("memory")));
      const [depth, infos, closed] = await Promise.all([commands.depth(), reached(memories), reached(connection.exists(closedKey(prefix)))]);
      return { depth, memory: Math.max(0, ...infos.map(memoryInUse)), isClosed: closed === 1 };
    },
    ping: async () => void (await reached(connection.ping())),
    close,
    counts: {
      get waiting() {
        return results.size() + statuses.size();
      },
      get lateReplies() {
        return lateReplies;
      },
      get malformedReplies() {
        return malformedReplies;
      },
    },
  };
}

/** What Redis has not answered may be done all the same, and be replied to: then the wait goes on. */
function endIfRefused({ giveUp }: Pick<Waiting<unknown>, "giveUp">, added: Promise<void>): void {
  added.catch((error: unknown) => error instanceof ReplyTimeout || giveUp(error));
}

/** The caller's own correlation id again, in place of ours. */
function withCorrelation(result: CommandResult, correlationId: string | undefined): CommandResult {
  const { correlationId: _ours, ...rest } = result;
  return correlationId === undefined ? rest : { ...rest, correlationId };
}

function inOurWords(state: JobState): "queued" | "working" | undefined {
  if (state === "active") return "working";
  return state === "waiting" ? "queued" : undefined;
}

async function reached<T>(command: Promise<T>): Promise<T> {
  try {
    return await inCommandTime(command);
  } catch (error) {
    throw new QueueUnavailable("Redis cannot be reached", { cause: error });
  }
}

/** A text as part of a queue's name. */
function nameable(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, "-").slice(0, 60);
}
