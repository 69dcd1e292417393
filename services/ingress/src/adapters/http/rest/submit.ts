import { type Command, type CommandResult, type ErrorResult, isReplyAdded } from "@openticket/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import { accept, handOverAndWait } from "../../../intake/accept.ts";
import type { Caller } from "../../../intake/authenticate.ts";
import type { Draft } from "../../../intake/make-command.ts";
import { readBody } from "../body/read-body.ts";
import type { HttpDeps } from "../http-deps.ts";
import { idempotencyKeyOf } from "../idempotency-key.ts";
import { noteCommand } from "../note-command.ts";
import { authenticateRest, requirePermission } from "./bearer.ts";
import { Problem } from "./problem.ts";

export interface Submission {
  action: Command["action"] & string;
  make(draft: Draft): Command;
}

/**
 * Takes a request that is to become a ticket or a reply.
 *
 * Statuses: 201 stored (200 with `Idempotency-Replayed: true` for a repetition); 202 accepted, where
 * `Prefer: respond-async` asks for it; 400 unreadable body; 401, 403; 404 a reply whose ticket does not exist; 413, 415;
 * 422 the request is wrong, with every error, or its idempotency key was used for another; 503 with Retry-After.
 */
export async function submit(request: FastifyRequest, reply: FastifyReply, { action, make }: Submission, deps: HttpDeps): Promise<FastifyReply> {
  const caller = await authenticateRest(request, deps);
  requireAction(caller, action.toLowerCase());
  await deps.gate();
  const command = make(await readDraft(request, caller, deps));
  reply.header("x-request-id", command.requestId);
  noteCommand(request, command, caller);
  if (wantsAsync(request)) return answerEarly(reply, command, deps);
  return answer(reply, await handOverAndWait(command, deps));
}

async function readDraft(request: FastifyRequest, { credential, admin }: Caller, deps: HttpDeps): Promise<Draft> {
  const body = await readBody(request.raw, request.headers, { limits: deps.bodyLimits, storeBlob: (content, meta) => deps.blobs.put(content, meta) });
  return { channel: "rest", credential, admin, ip: request.ip, idempotencyKey: idempotencyKeyOf(request, body.params), ...body };
}

async function answerEarly(reply: FastifyReply, command: Command, deps: HttpDeps): Promise<FastifyReply> {
  const { requestId } = command;
  const acceptance = await accept(command, deps);
  if (acceptance.kind === "conflict") throw rejected({ requestId, result: "error", message: acceptance.error.message, errors: [acceptance.error] });
  const location = `/v1/requests/${requestId}`;
  return reply.code(202).headers({ location, "preference-applied": "respond-async" }).send({ requestId, state: "queued", location });
}

function answer(reply: FastifyReply, result: CommandResult): FastifyReply {
  if (result.result === "error") throw rejected(result);
  const { requestId, replayed = false } = result;
  const [id, ids] = isReplyAdded(result)
    ? [result.ticketid, { ticketid: result.ticketid, replyid: result.replyid }]
    : [result.id, { id: result.id, tid: result.tid, c: result.c }];
  if (replayed) reply.header("idempotency-replayed", "true");
  return reply
    .code(replayed ? 200 : 201)
    .header("location", `/v1/tickets/${id}`)
    .send({ requestId, ...(replayed && { replayed }), ...ids });
}

/** Every error of a rejected request as one problem. */
function rejected({ requestId, message, errors }: ErrorResult): Problem {
  const [first] = errors;
  if (first?.code === "ticket_not_found") return new Problem(404, "Not Found", message, { errors, requestId });
  return new Problem(422, "The request was rejected", message, { errors, requestId });
}

function wantsAsync(request: FastifyRequest): boolean {
  return [request.headers.prefer ?? []].flat().some((value) => /(^|,)\s*respond-async\s*(;|,|$)/i.test(value));
}

function requireAction(caller: Caller, action: string): void {
  requirePermission(caller, action);
}
