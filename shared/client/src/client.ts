import { setTimeout as sleep } from "node:timers/promises";
import {
  ADD_TICKET_REPLY_JOB,
  type AddTicketReplyResult,
  type Command,
  type CommandResult,
  OPEN_TICKET_JOB,
  type OpenTicketResult,
  type RequestStatus,
} from "@openticket/contract";
import type { ClientLogger } from "./client-logger.ts";
import { InvalidParams, ReplyTimeout } from "./errors.ts";
import { makeRequester } from "./requester.ts";
import { type AddTicketReplyParams, commandOf, type OpenTicketParams, replyCommandOf, type SubmitOptions } from "./ticket-command.ts";

/** Opens tickets, and replies to them, over the queue, without the HTTP door. Safe over reconnects; every call ends in bounded time. */
export interface OpenTicketClient {
  /**
   * Opens a ticket and waits for the outcome. A rejection is a result, not an error. Called again with its key after a
   * {@link ReplyTimeout}, it waits for the request that is still in the queue. Throws QueueUnavailable, ReplyTimeout,
   * TooManyWaiting, InvalidParams.
   */
  openTicket(params: OpenTicketParams, options?: SubmitOptions & { timeoutMs?: number | undefined }): Promise<OpenTicketResult>;
  /** Adds a reply to a ticket and waits for the outcome, as {@link openTicket} does. */
  addTicketReply(params: AddTicketReplyParams, options?: SubmitOptions & { timeoutMs?: number | undefined }): Promise<AddTicketReplyResult>;
  /** Hands the request over and waits only until Redis has it. */
  submit(params: OpenTicketParams, options?: SubmitOptions): Promise<{ requestId: string }>;
  /** What became of a request: what the queue knows, else its stored outcome, which a running worker tells. Throws QueueUnavailable, ReplyTimeout. */
  status(requestId: string, options?: { timeoutMs?: number | undefined }): Promise<RequestStatus>;
  /** The reference's local form of the call. Throws as {@link openTicket} does. */
  localAPI(action: string, params: OpenTicketParams | AddTicketReplyParams, adminUsername?: string): Promise<LocalApiResult>;
  close(): Promise<void>;
}

/** As the local call answers: OpenTicket with the ticket's ids, AddTicketReply with `result` alone. */
export type LocalApiResult = { result: "success"; id: number; tid: string; c: string } | { result: "success" } | { result: "error"; message: string };

export interface OpenTicketClientOptions {
  /** `redis://`, `redis+sentinel://` or `redis+cluster://`, with `rediss` for TLS: the forms of the variable `REDIS_URL`. */
  redisUrl: string;
  prefix?: string | undefined;
  /** Names the application: the scope of its idempotency keys, shown on the ticket. */
  source?: string | undefined;
  logger?: ClientLogger | undefined;
}

/** How long a result is waited for unless the call says otherwise, ms: as the HTTP door does. */
const DEFAULT_TIMEOUT_MS = 25_000;
/** How often it is looked for the outcome of a request that was sent before, ms. */
const LOOK_INTERVAL_MS = 500;
/** Answers to a question of status come from memory or one look-up, ms. */
const STATUS_TIMEOUT_MS = 5000;

/** See {@link OpenTicketClient}. */
export function makeOpenTicketClient({ redisUrl, prefix, source, logger }: OpenTicketClientOptions): OpenTicketClient {
  const requester = makeRequester({ redisUrl, prefix, ownerName: source ?? "sdk", logger });
  const commandSource = { source, now: () => new Date() };

  async function openTicket(
    params: OpenTicketParams,
    { timeoutMs = DEFAULT_TIMEOUT_MS, ...options }: SubmitOptions & { timeoutMs?: number | undefined } = {},
  ): Promise<OpenTicketResult> {
    const command = commandOf(params, options, commandSource);
    requireTimeout(timeoutMs);
    if (await isUnderWay(command)) return await followEarlier<OpenTicketResult>(command, timeoutMs);
    return await requester.submitAndWait(command, { timeoutMs });
  }

  async function addTicketReply(
    params: AddTicketReplyParams,
    { timeoutMs = DEFAULT_TIMEOUT_MS, ...options }: SubmitOptions & { timeoutMs?: number | undefined } = {},
  ): Promise<AddTicketReplyResult> {
    const command = replyCommandOf(params, options, commandSource);
    requireTimeout(timeoutMs);
    if (await isUnderWay(command)) return await followEarlier<AddTicketReplyResult>(command, timeoutMs);
    return await requester.submitAndWait(command, { timeoutMs });
  }

  /** Whoever comes back while his job is still queued adds none: a queue that has fallen behind would never recover. */
  async function isUnderWay(command: Command): Promise<boolean> {
    return command.idempotencyKey !== undefined && (await requester.isUnderWay(command));
  }

  async function followEarlier<T extends CommandResult>({ requestId }: Command, timeoutMs: number): Promise<T> {
    const deadlineMs = performance.now() + timeoutMs;
    for (let leftMs = timeoutMs; leftMs > 0; leftMs = deadlineMs - performance.now()) {
      const [status] = await requester.outcomes([requestId], { timeoutMs: leftMs });
      // It is this request's, and so of its action.
      if (status && "result" in status) return status.result as T;
      await sleep(Math.min(leftMs, LOOK_INTERVAL_MS));
    }
    throw new ReplyTimeout(requestId);
  }

  async function submit(params: OpenTicketParams, options: SubmitOptions = {}): Promise<{ requestId: string }> {
    const command = commandOf(params, options, commandSource);
    await requester.submit(command);
    return { requestId: command.requestId };
  }

  async function status(requestId: string, { timeoutMs = STATUS_TIMEOUT_MS }: { timeoutMs?: number | undefined } = {}): Promise<RequestStatus> {
    // In this order: a job that has gone has left its outcome in the store.
    const state = await requester.jobState(requestId);
    if (state !== undefined) return { requestId, state };
    const [stored] = await requester.outcomes([requestId], { timeoutMs });
    return stored ?? { requestId, state: "unknown" };
  }

  async function localAPI(action: string, params: OpenTicketParams | AddTicketReplyParams, adminUsername?: string): Promise<LocalApiResult> {
    switch (action.toLowerCase()) {
      case OPEN_TICKET_JOB.toLowerCase():
        return ticketAnswer(await openTicket(params, { adminUsername }));
      case ADD_TICKET_REPLY_JOB.toLowerCase():
        return replyAnswer(await addTicketReply(params, { adminUsername }));
      default:
        return { result: "error", message: `Action ${action} not found; expected ${OPEN_TICKET_JOB} or ${ADD_TICKET_REPLY_JOB}` };
    }
  }

  return { openTicket, addTicketReply, submit, status, localAPI, close: () => requester.close() };
}

function requireTimeout(timeoutMs: number): void {
  if (!(timeoutMs > 0)) throw new InvalidParams(`timeoutMs must be a number of milliseconds above 0, got ${timeoutMs}`);
}

function ticketAnswer(result: OpenTicketResult): LocalApiResult {
  if (result.result === "error") return { result: "error", message: result.message };
  const { id, tid, c } = result;
  return { result: "success", id, tid, c };
}

function replyAnswer(result: AddTicketReplyResult): LocalApiResult {
  return result.result === "error" ? { result: "error", message: result.message } : { result: "success" };
}
