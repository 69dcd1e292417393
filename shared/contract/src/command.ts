import { z } from "zod";
import { requestError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { ADD_TICKET_REPLY_JOB, OPEN_TICKET_JOB } from "./names.ts";
import { type Decoded, decodeReplyParams, decodeTicketParams } from "./params/decode.ts";
import { replyParams } from "./reply-params.ts";
import { ticketParams } from "./ticket-params.ts";

/**
 * The commands that travel on the queue `open-ticket`: one envelope, with the action's parameters in `ticket`. The
 * job's name is the action; `action` says the same inside what we write ourselves, for commands that are kept elsewhere.
 *
 * Only `ticket` is required of a foreign producer. Unknown fields, of older and newer producers,
 * are kept out of the way: every object is loose. What we write ourselves is the strict shape below;
 * what we read may hold any encoding of the API call inside `ticket` (see `params/decode.ts`).
 */

/** A name that is kept, looked up and handed back: a text that UTF-8 cannot hold would come back as another one. */
const nameOf = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .refine((name) => name.isWellFormed(), "expected well-formed Unicode, got half of a surrogate pair");
export const shortId = nameOf(LIMITS.idLength);
/** What BullMQ takes for the name of a queue. */
export const queueName = shortId.regex(/^[^:]+$/);

const sourceText = z.string().max(LIMITS.sourceTextLength);

/** Where a command came from. `channel` names the door; the rest is what that door knows. */
export const commandSource = z.looseObject({
  channel: z.string().min(1).max(64),
  /** Credential that was used, by its identifier. */
  credential: sourceText.optional(),
  ip: sourceText.optional(),
  /** The message that it was made of, for a mail. */
  inboundId: sourceText.optional(),
});
export type CommandSource = z.infer<typeof commandSource>;

/** Who acts, as the door has authenticated it. */
export const actor = z.looseObject({
  /** Username of the admin behind the credential, or of a local call. */
  admin: z.string().optional(),
  /** User who acts for the client that the parameters name, where the action has no parameter for one. */
  userid: z.int().optional(),
  /** Whether the sender of a mail is who the mail says; absent where a credential was used. */
  isVerified: z.boolean().optional(),
});
export type Actor = z.infer<typeof actor>;

const envelopeFields = {
  v: z.int().min(1),
  requestId: shortId,
  /** Scoped to the credential, or to the channel where there is none. */
  idempotencyKey: nameOf(LIMITS.idempotencyKeyLength).optional(),
  /** Handed back in the reply, otherwise untouched. */
  correlationId: shortId.optional(),
  source: commandSource,
  receivedAt: z.iso.datetime({ offset: true }),
  /** Queue that the reply goes to; none, or one of the product's own (see `isProductQueue`): nobody is waiting. */
  replyTo: z.object({ queue: queueName }).optional(),
  actor: actor.optional(),
  /** What the door could not decode: the worker reports it together with its own findings. */
  problems: z.array(requestError).optional(),
  /** True when a receipt stands in the store, which wants to hear of the outcome. */
  hasReceipt: z.boolean().optional(),
};

export const openTicketCommand = z.object({ ...envelopeFields, action: z.literal(OPEN_TICKET_JOB).optional(), ticket: ticketParams });
export type OpenTicketCommand = z.infer<typeof openTicketCommand>;

export const addTicketReplyCommand = z.object({ ...envelopeFields, action: z.literal(ADD_TICKET_REPLY_JOB), ticket: replyParams });
export type AddTicketReplyCommand = z.infer<typeof addTicketReplyCommand>;

/** Any command as we write it ourselves. */
export const command = z.union([addTicketReplyCommand, openTicketCommand]);
export type Command = z.infer<typeof command>;

/** The action of a command: the name that its job has. */
export function actionOf({ action = OPEN_TICKET_JOB }: Command): NonNullable<Command["action"]> {
  return action;
}

/** What a reader must know of a job to complete what a foreign producer left out. */
export interface CommandDefaults {
  /** Used when the command has no requestId: derived from queue, job id and creation time. */
  requestId: string;
  /** Used when the command has no receivedAt: the job's creation time, ISO 8601. */
  receivedAt: string;
  /** Used when the command names no source. */
  channel: string;
}

export type ReadCommand<C extends Command = OpenTicketCommand> =
  | { kind: "command"; command: C }
  /** Not a command in any version that we know; `reply` is what could be saved of the requester's address. */
  | { kind: "unreadable"; reason: string; reply: Requester };

/** Whom the outcome of a job goes to, as far as its data says. */
export interface Requester {
  requestId: string;
  correlationId?: string;
  queue?: string;
  source?: CommandSource;
  hasReceipt?: boolean;
}

const envelope = z
  .object({ ...envelopeFields, ticket: z.record(z.string(), z.unknown()) })
  .omit({ v: true })
  .partial()
  .required({ ticket: true });
type Envelope = Omit<OpenTicketCommand, "action" | "ticket">;

/**
 * Reads a job's data as a command: this version, version 0 (the bare parameters of the call, without an envelope),
 * and newer versions as far as they keep this one's fields. Never throws.
 */
export function readCommand(data: unknown, defaults: CommandDefaults): ReadCommand {
  return readEnvelope(data, defaults, decodeTicketParams);
}

/** The same for the data of a job AddTicketReply. */
export function readReplyCommand(data: unknown, defaults: CommandDefaults): ReadCommand<AddTicketReplyCommand> {
  const read = readEnvelope(data, defaults, decodeReplyParams);
  return read.kind === "command" ? { kind: "command", command: { ...read.command, action: ADD_TICKET_REPLY_JOB } } : read;
}

function readEnvelope<T>(
  data: unknown,
  defaults: CommandDefaults,
  decode: (raw: Record<string, unknown>) => Decoded<T>,
): { kind: "command"; command: Envelope & { ticket: T } } | { kind: "unreadable"; reason: string; reply: Requester } {
  const parsed = envelope.safeParse(upgrade(data));
  if (!parsed.success) return { kind: "unreadable", reason: z.prettifyError(parsed.error), reply: readRequester(data, defaults) };
  const { ticket: rawTicket, problems = [], ...given } = parsed.data;
  const decoded = decode(rawTicket);
  const allProblems = [...problems, ...decoded.problems];
  const read: Envelope & { ticket: T } = {
    ...given,
    v: 1,
    requestId: given.requestId ?? defaults.requestId,
    source: given.source ? withinBounds(given.source) : { channel: defaults.channel },
    receivedAt: given.receivedAt ?? defaults.receivedAt,
    ticket: decoded.ticket,
  };
  if (allProblems.length > 0) read.problems = allProblems;
  return { kind: "command", command: read };
}

const KNOWN_OF_SOURCE: ReadonlySet<string> = new Set(Object.keys(commandSource.shape));

/** A source without what else its producer put there, unless any store can hold that. */
function withinBounds(source: CommandSource): CommandSource {
  const names = Object.keys(source);
  const extras = names.filter((name) => !KNOWN_OF_SOURCE.has(name));
  if (extras.length === 0) return source;
  const known = names.filter((name) => KNOWN_OF_SOURCE.has(name));
  const kept = extras.filter((name) => isSourceExtra(name, source[name])).slice(0, LIMITS.sourceExtras);
  return { channel: source.channel, ...Object.fromEntries([...known, ...kept].map((name) => [name, source[name]])) };
}

/** A plain value under a plain name. */
function isSourceExtra(name: string, value: unknown): boolean {
  if (!/^[A-Za-z][\w-]{0,63}$/.test(name)) return false;
  return typeof value === "string" ? value.length <= LIMITS.sourceTextLength : typeof value === "number" || typeof value === "boolean";
}

function upgrade(data: unknown): unknown {
  const isBareParameters = isRecord(data) && data.v === undefined && data.ticket === undefined;
  return isBareParameters ? { ticket: data } : data;
}

const requester = z.looseObject({
  requestId: shortId.optional().catch(undefined),
  correlationId: shortId.optional().catch(undefined),
  replyTo: envelopeFields.replyTo.catch(undefined),
  source: commandSource.optional().catch(undefined),
  hasReceipt: z.boolean().optional().catch(undefined),
});

/** What can be saved of the requester's address from data that is of no known action, or broken. */
export function readRequester(data: unknown, defaults: Pick<CommandDefaults, "requestId">): Requester {
  const salvaged = requester.safeParse(data);
  if (!salvaged.success) return { requestId: defaults.requestId };
  const { requestId = defaults.requestId, correlationId, replyTo, source, hasReceipt } = salvaged.data;
  return {
    requestId,
    ...(correlationId && { correlationId }),
    ...(replyTo && { queue: replyTo.queue }),
    ...(source && { source: withinBounds(source) }),
    ...(hasReceipt && { hasReceipt }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
