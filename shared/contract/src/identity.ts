import { hash } from "node:crypto";
import type { Command, CommandSource } from "./command.ts";
import { OPEN_TICKET_JOB } from "./names.ts";

/**
 * Which requests are the same request.
 *
 * A request with an idempotency key is named by a hash of scope and key, so that a repetition has the same name
 * wherever it enters: the same job id, the same place in the unique index, the same answer to a question of status.
 * A request without one is named by its requestId.
 */

/** Name of the request with that key: `req_` and 32 hex digits, valid as a BullMQ job id. */
export function requestIdOfKey(scope: string, idempotencyKey: string): string {
  return `req_${sha256(`key\0${scope}\0${idempotencyKey}`).slice(0, 32)}`;
}

/**
 * Name of the request behind a foreign job without a requestId. The time stamp (ms since 1970) is part of it
 * because BullMQ's own ids start again at 1 when Redis was emptied.
 */
export function requestIdOfJob(queue: string, jobId: string, createdAtMs: number): string {
  return `req_${sha256(`job\0${queue}\0${jobId}\0${createdAtMs}`).slice(0, 32)}`;
}

/**
 * Key of the reply that a mail is to a ticket, whichever of our mailboxes it came by. A Message-ID is what its sender says, and
 * broken programs give it twice, so `content` is part of the key.
 */
export function keyOfMailReply(ticketId: number, messageId: string, content: readonly unknown[]): string {
  return `reply-by-mail ${ticketId} ${sha256(canonicalJson([messageId, ...content]))}`;
}

/** Where an idempotency key counts: the credential, or the channel where there is none. */
export function scopeOf(source: CommandSource): string {
  return source.credential ?? source.channel;
}

/** The name under which a command's outcome is unique. */
export function identityOf(command: Pick<Command, "idempotencyKey" | "requestId" | "source">): string {
  const { idempotencyKey, requestId, source } = command;
  return idempotencyKey === undefined ? requestId : requestIdOfKey(scopeOf(source), idempotencyKey);
}

/** SHA-256 in hex over what the requester asked for: equal for equal requests, whatever the order of their fields. */
export function fingerprintOf(command: Command): string {
  const { ticket, actor, action } = command;
  // The first action names itself nowhere: fingerprints that are stored have no name.
  return sha256(canonicalJson({ action: action === OPEN_TICKET_JOB ? undefined : action, ticket, admin: actor?.admin }));
}

/** JSON with the fields in the order of their names. Written out: a replacer function costs five times as much. */
function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = value as Record<string, unknown>;
  let text = "";
  for (const name of Object.keys(fields).sort()) {
    if (fields[name] !== undefined) text += `${text && ","}${JSON.stringify(name)}:${canonicalJson(fields[name])}`;
  }
  return `{${text}}`;
}

function sha256(text: string): string {
  return hash("sha256", text);
}
