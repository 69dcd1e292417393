import { type WebhookSource, webhookName } from "@openticket/contract";
import type { Logger, Metrics } from "@openticket/runtime";
import type { CallHead, SourceKind } from "@openticket/webhooks";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Overloaded } from "../../intake/gate.ts";
import type { MemoryBudget } from "../../intake/memory-budget.ts";
import { type ReceiveWebhookDeps, receiveWebhook, refusalOfHead, type WebhookResult } from "../../intake/receive-webhook.ts";
import { type Answer, answerFor, failed } from "./answers.ts";
import { BodyRefused, readWhole } from "./read-call.ts";

/**
 * `POST` (or `PUT`) `/webhooks/{source}`: the calls of providers. `GET` and `HEAD` answer 200 for a source that is there,
 * which some providers ask before they call; `/webhooks/{source}/mime` is the same source, for Mailgun, which sends whole
 * messages to addresses that end so.
 *
 * | status | when |
 * | --- | --- |
 * | of the source's kind | the call was read and verified, or refused: see the head of the kind's file |
 * | 404 | no such source, or it is disabled |
 * | 408 | the body did not come in time |
 * | 503 and Retry-After | the store is away, the doors are closed, or too much is in hand: nothing was taken |
 *
 * Answers are small JSON: `{result: "accepted", id: […]}`, or `{result: "error", message}` with what was wrong.
 */
export interface WebhookRouteDeps extends ReceiveWebhookDeps {
  sources: { findKept(name: string): Promise<WebhookSource | undefined> };
  kindOf(name: WebhookSource["kind"]): SourceKind | undefined;
  /** Throws Overloaded when nothing more can be taken. */
  gate(): Promise<void>;
  budget: MemoryBudget;
  /** Largest body of any kind, bytes, and how long one may take to come, ms. */
  maxBodyBytes: number;
  bodyTimeoutMs: number;
  /** Where the door is reached from outside; unset: as the call says. */
  publicUrl: string | undefined;
  retryAfter(): { "retry-after": string };
  /** Its result; throws an outage when that takes longer than providers wait for their answer. It may still happen. */
  inTime<T>(work: Promise<T>): Promise<T>;
  /** Faults that will go away by themselves, or by the operator: nothing is wrong with the call. */
  isOutage(error: unknown): boolean;
  /** Answers also while the body is still arriving. */
  sendEarly(reply: FastifyReply, body: string): Promise<void>;
  logger: Logger;
  metrics: Metrics;
}

type Request = FastifyRequest<{ Params: { source: string } }>;

/** See {@link WebhookRouteDeps}. */
export function registerWebhooks(app: FastifyInstance, deps: WebhookRouteDeps): void {
  const calls = deps.metrics.counter("webhook_calls_total", "Calls of webhooks by source and what came of them", ["source", "result"]);
  deps.metrics.gauge("webhook_bytes_held", "Memory that calls of webhooks in hand take, bytes", deps.budget.taken);

  async function handle(request: Request, reply: FastifyReply): Promise<unknown> {
    const { answer, source } = await answerTo(request, deps);
    calls.inc({ source: source ?? "unknown", result: answer.result });
    reply.code(answer.status).headers({ ...answer.headers, "content-type": answer.contentType });
    await deps.sendEarly(reply, answer.body);
    return reply;
  }
  for (const url of ["/webhooks/:source", "/webhooks/:source/mime"]) app.route({ method: ["GET", "POST", "PUT"], url, handler: handle });
}

interface Answered {
  answer: Answer;
  /** Name of the source, when there is one. */
  source?: string;
}

async function answerTo(request: Request, deps: WebhookRouteDeps): Promise<Answered> {
  let source: string | undefined;
  try {
    const found = await deps.inTime(findSource(request.params.source, deps));
    if (!found) return { answer: { ...failed(404, "There is no such webhook here"), result: "unknown-source" } };
    source = found.source._id;
    return { answer: await take(request, found, deps), source };
  } catch (error) {
    return { answer: failureOf(error, source, deps), ...(source !== undefined && { source }) };
  }
}

interface Found {
  source: WebhookSource;
  kind: SourceKind;
}

async function findSource(name: string, { sources, kindOf }: WebhookRouteDeps): Promise<Found | undefined> {
  if (!webhookName.safeParse(name).success) return undefined;
  const source = await sources.findKept(name);
  const kind = source?.isEnabled ? kindOf(source.kind) : undefined;
  return source && kind && { source, kind };
}

async function take(request: Request, { source, kind }: Found, deps: WebhookRouteDeps): Promise<Answer> {
  if (request.method === "GET" || request.method === "HEAD") return { ...failed(200, ""), body: JSON.stringify({ result: "ready" }), result: "asked" };
  await deps.gate();
  if (!isPlain(request.headers["content-encoding"])) return failed(kind.statuses.malformed, "A body that is compressed is not read");
  const maxBytes = Math.min(kind.maxBodyBytes, deps.maxBodyBytes);
  const head = headOf(request, deps);
  try {
    const result = refusalOfHead(head, source, kind, deps) ?? (await takeBody(request, maxBytes, { head, source, kind }, deps));
    if (result.kind === "refused") deps.logger.info({ source: source._id, outcome: result.outcome, because: result.because }, "call of a webhook refused");
    return answerFor(result, kind);
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error;
    return { ...refusalOf(error, kind, maxBytes, deps), result: error.because };
  }
}

async function takeBody(
  request: Request,
  maxBytes: number,
  { head, source, kind }: Found & { head: CallHead },
  deps: WebhookRouteDeps,
): Promise<WebhookResult> {
  const { body, release } = await readWhole(request.raw, { maxBytes, timeoutMs: deps.bodyTimeoutMs, budget: deps.budget });
  return deps.inTime(receiveWebhook({ ...head, body }, source, kind, deps).finally(release));
}

function refusalOf({ because }: BodyRefused, { statuses }: SourceKind, maxBytes: number, { retryAfter }: WebhookRouteDeps): Answer {
  if (because === "too-large") return failed(statuses["too-large"], `The body is larger than ${maxBytes} bytes`);
  if (because === "no-memory") return failed(statuses.unavailable, "Too much is in hand; try again later", retryAfter());
  return failed(408, "The body did not arrive in time", { connection: "close" });
}

function failureOf(err: unknown, source: string | undefined, { isOutage, retryAfter, logger }: WebhookRouteDeps): Answer {
  if (err instanceof Overloaded) return { ...failed(503, `Nothing was taken: ${err.message}`, retryAfter()), result: "unavailable" };
  if (isOutage(err)) logger.warn({ err, source }, "call of a webhook not taken");
  else logger.error({ err, source }, "call of a webhook failed");
  return { ...failed(503, "Nothing was taken: a part of the service is not available; try again later", retryAfter()), result: "unavailable" };
}

function headOf(request: Request, { publicUrl, now }: WebhookRouteDeps): CallHead {
  const base = publicUrl?.replace(/\/+$/, "") ?? `${request.protocol}://${request.host}`;
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]));
  return { method: request.method, url: `${base}${request.originalUrl}`, headers, ip: request.ip, receivedAt: now() };
}

function isPlain(encoding: string | undefined): boolean {
  return encoding === undefined || encoding.toLowerCase() === "identity";
}
