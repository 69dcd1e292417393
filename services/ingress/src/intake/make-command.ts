import {
  ADD_TICKET_REPLY_JOB,
  type AddTicketReplyCommand,
  type Attachment,
  type AttachmentRef,
  CONTRACT_VERSION,
  type Decoded,
  decodeReplyParams,
  decodeTicketParams,
  LIMITS,
  type OpenTicketCommand,
  type RequestError,
  requestIdOfKey,
  withoutReferences,
} from "@openticket/contract";

/** One request as a door has understood its transport: who sent it, and the parameters in whatever encoding they came. */
export interface Draft {
  channel: string;
  credential?: string | undefined;
  /** Username of the admin whom the door has authenticated. */
  admin?: string | undefined;
  ip?: string | undefined;
  /** As it was given; checked here. */
  idempotencyKey?: unknown;
  params: Record<string, unknown>;
  /** Files that are in the blob store already. */
  attachments: AttachmentRef[];
  /** What the door could not decode. */
  problems: RequestError[];
}

export interface MakeCommandDeps {
  now(): Date;
  /** A fresh name for a request without an idempotency key: `req_` and 32 hex digits, 122 random bits of them. */
  newRequestId(): string;
}

/**
 * Turns a draft into the command that travels. A request with an idempotency key is named by it, so that a repetition
 * finds the first one; see the contract's identity.
 */
export function makeCommand(draft: Draft, deps: MakeCommandDeps): OpenTicketCommand {
  return commandOf(draft, withoutReferences(decodeTicketParams(draft.params)), deps);
}

/** The same for a reply to a ticket. */
export function makeReplyCommand(draft: Draft, deps: MakeCommandDeps): AddTicketReplyCommand {
  return { ...commandOf(draft, withoutReferences(decodeReplyParams(draft.params)), deps), action: ADD_TICKET_REPLY_JOB };
}

function commandOf<T extends { attachments?: Attachment[] | undefined }>(
  draft: Draft,
  { ticket, problems }: Decoded<T>,
  { now, newRequestId }: MakeCommandDeps,
): Omit<OpenTicketCommand, "action" | "ticket"> & { ticket: T } {
  const { channel, credential, admin, ip } = draft;
  const files = [...(ticket.attachments ?? []), ...draft.attachments];
  const { idempotencyKey, problem } = checkKey(draft.idempotencyKey);
  const allProblems = [...draft.problems, ...problems, ...(problem ? [problem] : [])];
  return {
    v: CONTRACT_VERSION,
    requestId: idempotencyKey === undefined ? newRequestId() : requestIdOfKey(credential ?? channel, idempotencyKey),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    source: { channel, ...(credential !== undefined && { credential }), ...(ip !== undefined && { ip }) },
    receivedAt: now().toISOString(),
    ...(admin !== undefined && { actor: { admin } }),
    ticket: files.length > 0 ? { ...ticket, attachments: files } : ticket,
    ...(allProblems.length > 0 && { problems: allProblems }),
  };
}

/** In JSON an order's number may be one. Whoever sends a key that is none must not believe that it counts. */
function checkKey(given: unknown): { idempotencyKey?: string; problem?: RequestError } {
  if (given === undefined || given === null || given === "") return {};
  // Of larger numbers several would be one key.
  if (typeof given !== "string" && !Number.isSafeInteger(given)) return wrongKey("The idempotency key must be a text, or a whole number below 2^53");
  const idempotencyKey = String(given);
  if (!idempotencyKey.isWellFormed()) return wrongKey("The idempotency key must be well-formed Unicode, got half of a surrogate pair");
  if (idempotencyKey.length <= LIMITS.idempotencyKeyLength) return { idempotencyKey };
  return wrongKey(`The idempotency key has ${idempotencyKey.length} characters; at most ${LIMITS.idempotencyKeyLength} are allowed`);
}

function wrongKey(message: string): { problem: RequestError } {
  return { problem: { code: "idempotencykey_invalid", field: "idempotencykey", message } };
}
