import { ADD_TICKET_REPLY_JOB, type CommandResult, isReplyAdded } from "@openticket/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { handOverAndWait } from "../../../intake/accept.ts";
import type { Caller } from "../../../intake/authenticate.ts";
import { Overloaded } from "../../../intake/gate.ts";
import { makeCommand, makeReplyCommand } from "../../../intake/make-command.ts";
import { QueueUnavailable, ReplyLate } from "../../../intake/ports.ts";
import { parseQuery, type ReadBody, readBody } from "../body/read-body.ts";
import { bodyFault } from "../body-fault.ts";
import type { HttpDeps } from "../http-deps.ts";
import { idempotencyKeyOf } from "../idempotency-key.ts";
import { noteCommand, notedId } from "../note-command.ts";
import { sendBeforeBody } from "../send-before-body.ts";
import { actionOf, admit, holdsCredentials, identify, mayBringAccessKey } from "./admit.ts";
import { type Answer, formatAnswer, headersOf } from "./answer.ts";
import { peekParams } from "./peek.ts";
import { CallRefused, InvalidIp } from "./refusals.ts";
import { type StagedFiles, stageFiles } from "./staged-files.ts";
import { makeUnadmitted, type Unadmitted } from "./unadmitted.ts";

/**
 * `POST <any prefix>/includes/api.php`: the call that existing clients make (source: the wire facts).
 *
 * Actions: OpenTicket, AddTicketReply. Statuses: 200 for a success and for every business error; 400 empty action; 403 address,
 * credentials, permission; 405 a method that is not served; 413 a body over the limit; 415 a body of an unknown type; 503 with
 * Retry-After when the queue does not take the command, and nothing came of it; or when the outcome is late, also because Redis
 * has not answered: then the request may be carried out, and the answer holds the requestId to ask with. Also 503 when too much
 * is in hand of callers whose credentials have not come yet.
 */
export function registerApiPhp(app: FastifyInstance, deps: HttpDeps): void {
  app.register(async (scope) => {
    // What the framework refuses before the route, such as a malformed content type, is answered in the same format.
    scope.setErrorHandler((error, request, reply) => refuse(error, request, reply, callOf(request, deps), deps));
    scope.all(API_PHP_PATH, async (request, reply) => {
      const call = callOf(request, deps);
      try {
        await answer(reply, call, await serve(request, call, deps), 200);
      } catch (error) {
        await refuse(error, request, reply, call, deps);
      }
    });
  });
}

async function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, call: Call, deps: HttpDeps): Promise<void> {
  const isUnread = call.params === call.query && request.method === "POST";
  if (isUnread) call.params = { ...call.query, ...(await peekParams(request.raw, deps.bodyLimits)) };
  const { status, headers, ...refusal } = refusalFor(error, request, deps);
  reply.headers(headers);
  await answer(reply, call, refusal, status);
}

function callOf(request: FastifyRequest, { bodyLimits }: HttpDeps): Call {
  const { url = "" } = request.raw;
  // Only the first "?" ends the path: a caller need not escape others.
  const { params: query, heldBytes: queryBytes } = parseQuery(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "", bodyLimits);
  return { query, queryBytes, params: query };
}

/** Where the app routes every path that ends in `includes/api.php`. */
export const API_PHP_PATH = "/includes/api.php";

/** What is known of a call so far; a refusal needs it for its format. */
interface Call {
  query: Record<string, unknown>;
  /** Memory that it may take, bytes. */
  queryBytes: number;
  /** Query and body merged, as far as read. */
  params: Record<string, unknown>;
}

async function serve(request: FastifyRequest, call: Call, deps: HttpDeps): Promise<Answer> {
  refuseEarly(request, deps);
  await deps.gate();
  const { body, caller } = await letIn(request, call, deps);
  const make = actionOf(call.params) === ADD_TICKET_REPLY_JOB.toLowerCase() ? makeReplyCommand : makeCommand;
  const command = make(
    {
      channel: "api",
      credential: caller.credential,
      admin: caller.admin,
      ip: request.ip,
      idempotencyKey: idempotencyKeyOf(request, call.params),
      params: call.params,
      attachments: body.attachments,
      problems: body.problems,
    },
    deps,
  );
  noteCommand(request, command, caller);
  return answerFor(await handOverAndWait(command, deps));
}

/** What can be refused without looking at the body. */
function refuseEarly(request: FastifyRequest, deps: HttpDeps): void {
  const isGet = request.method === "GET";
  if (isGet && !deps.allowGet) {
    throw new CallRefused(405, "GET is not served, because it puts the secret into the URL; use POST, or set HTTP_ALLOW_GET=true", { allow: "POST" });
  }
  const allow = deps.allowGet ? "GET, POST" : "POST";
  if (request.method !== "POST" && !isGet) throw new CallRefused(405, `${request.method} is not served; use ${allow}`, { allow });
  if (!deps.isAllowedIp(request.ip) && !deps.hasAccessKeys) throw new InvalidIp(request.ip);
}

/** Who calls, and with what, its files safe by then. Of those that came before it was known who calls nothing stays unless the caller is let in. */
async function letIn(request: FastifyRequest, call: Call, deps: HttpDeps): Promise<{ body: ReadBody; caller: Caller }> {
  const [files, memory] = [stageFiles(deps.blobs), makeUnadmitted(deps.unadmitted)];
  try {
    const body = await readParams(request, call, { files, memory }, deps).catch(async (error: unknown) => {
      await admitKnown(request, call, deps);
      throw error;
    });
    call.params = { ...call.query, ...body.params };
    const caller = await admit(call.params, request.ip, deps);
    memory.becomeKnown();
    await files.publish(body.attachments);
    return { body, caller };
  } finally {
    await files.discard();
    memory.close();
  }
}

interface Held {
  files: StagedFiles;
  memory: Unadmitted;
}

async function readParams(request: FastifyRequest, call: Call, { files, memory }: Held, deps: HttpDeps): Promise<ReadBody> {
  if (request.method === "GET") return { params: {}, attachments: [], problems: [] };
  let isLetIn = false;
  const admitEarly = async (paramsSoFar: Record<string, unknown>) => {
    call.params = { ...call.query, ...paramsSoFar };
    const isKnown = await admitKnown(request, call, deps);
    isLetIn = isKnown && actionOf(call.params) !== "";
    return isKnown;
  };
  const holds = (bodyBytes: number, paramsSoFar: () => Record<string, unknown>) => memory.holds(call.queryBytes + bodyBytes, () => admitEarly(paramsSoFar()));
  await holds(0, () => ({}));
  return readBody(request.raw, request.headers, {
    limits: deps.bodyLimits,
    // Of who is let in a file is stored as it comes, as with REST: what is staged stays in memory while it is small.
    storeBlob: (content, meta) => (isLetIn ? deps.blobs.put(content, meta) : files.stage(content, meta)),
    async beforeFirstBlob(paramsSoFar) {
      if (await admitEarly(paramsSoFar)) memory.becomeKnown();
    },
    onHeld: holds,
    onFailure(paramsSoFar) {
      call.params = { ...call.query, ...paramsSoFar };
    },
  });
}

/**
 * Whether it is known who calls: not yet where credentials may still come, or an access key that excuses the address. Who is
 * already plain to be a stranger, or to have no permission for an action that has come, is told so: before any file is stored,
 * and rather than what is wrong with the body.
 */
async function admitKnown(request: FastifyRequest, { params }: Call, deps: HttpDeps): Promise<boolean> {
  if (!holdsCredentials(params)) return false;
  try {
    await (actionOf(params) === "" ? identify : admit)(params, request.ip, deps);
  } catch (error) {
    if (error instanceof InvalidIp && mayBringAccessKey(params, deps)) return false;
    throw error;
  }
  return true;
}

function answerFor(result: CommandResult): Answer {
  const { requestId } = result;
  if (result.result === "error") return { result: "error", message: result.message, errors: result.errors, requestId };
  if (isReplyAdded(result)) return { result: "success", requestId, isReplay: result.replayed ?? false, replyId: result.replyid };
  const { id, tid, c, replayed = false } = result;
  return { result: "success", requestId, isReplay: replayed, id, tid, c };
}

type RefusedAnswer = Answer & { result: "error"; status: number; headers: Record<string, string> };

function refusalFor(error: unknown, request: FastifyRequest, deps: HttpDeps): RefusedAnswer {
  const refuse = (
    status: number,
    message: string,
    headers: Record<string, string> = {},
    more: Pick<RefusedAnswer, "requestId" | "errors"> = {},
  ): RefusedAnswer => ({
    result: "error",
    message,
    status,
    headers,
    ...more,
  });
  if (error instanceof CallRefused) return refuse(error.status, error.message, error.headers);
  if (error instanceof ReplyLate) {
    const message = "The outcome of the request is not known yet; ask for it by the request id before you send it again";
    return refuse(503, message, deps.retryAfter(), { requestId: error.requestId });
  }
  if (error instanceof Overloaded) return refuse(503, `The request was not accepted: ${error.message}; try again later`, deps.retryAfter());
  if (error instanceof QueueUnavailable) return refuse(503, "The request was not accepted: the queue is not available; try again later", deps.retryAfter());
  const fault = bodyFault(error);
  if (fault) return refuse(fault.status === 422 ? 200 : fault.status, fault.message, {}, fault.errors && { errors: fault.errors });
  const status = typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return refuse(status, error instanceof Error ? error.message : "The request is malformed");
  request.log.error({ ...notedId(request), err: error }, "call failed");
  return refuse(503, "The request was not accepted: a part of the service is not available; try again later", deps.retryAfter());
}

async function answer(reply: FastifyReply, call: Call, content: Answer, status: number): Promise<void> {
  const { contentType, body } = formatAnswer(content, { responseType: call.params.responsetype, action: actionOf(call.params) });
  reply.headers(headersOf(content));
  await sendBeforeBody(reply.code(status).header("content-type", contentType), body);
}
