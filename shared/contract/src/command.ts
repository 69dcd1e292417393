import { z } from "zod";
import { requestError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { decodeTicketParams } from "./params/decode.ts";
import { ticketParams } from "./ticket-params.ts";

/**
 * The command that travels on the queue `open-ticket`.
 *
 * Only `ticket` is required of a foreign producer. Unknown fields, of older and newer producers,
 * are kept out of the way: every object is loose. What we write ourselves is the strict shape below;
 * what we read may hold any encoding of the API call inside `ticket` (see `params/decode.ts`).
 */

const shortId = z.string().min(1).max(LIMITS.idLength);

/** Where a command came from. `channel` names the door; the rest is what that door knows. */
export const commandSource = z.looseObject({
  channel: z.string().min(1).max(64),
  /** Credential that was used, by its identifier. */
  credential: z.string().optional(),
  ip: z.string().optional(),
  /** The message that it was made of, for a mail. */
  inboundId: z.string().optional(),
});
export type CommandSource = z.infer<typeof commandSource>;

/** Who acts, as the door has authenticated it. */
export const actor = z.looseObject({
  /** Username of the admin behind the credential, or of a local call. */
  admin: z.string().optional(),
});
export type Actor = z.infer<typeof actor>;

export const openTicketCommand = z.object({
  v: z.int().min(1),
  requestId: shortId,
  /** Scoped to the credential, or to the channel where there is none. */
  idempotencyKey: z.string().min(1).max(LIMITS.idempotencyKeyLength).optional(),
  /** Handed back in the reply, otherwise untouched. */
  correlationId: shortId.optional(),
  source: commandSource,
  receivedAt: z.iso.datetime({ offset: true }),
  /** Queue that the reply goes to; none: nobody is waiting. */
  replyTo: z
    .object({
      queue: z
        .string()
        .min(1)
        .max(LIMITS.idLength)
        .regex(/^[^:]+$/),
    })
    .optional(),
  actor: actor.optional(),
  ticket: ticketParams,
  /** What the door could not decode: the worker reports it together with its own findings. */
  problems: z.array(requestError).optional(),
  /** True when a receipt stands in the store, which wants to hear of the outcome. */
  hasReceipt: z.boolean().optional(),
});
export type OpenTicketCommand = z.infer<typeof openTicketCommand>;

/** What a reader must know of a job to complete what a foreign producer left out. */
export interface CommandDefaults {
  /** Used when the command has no requestId: derived from queue, job id and creation time. */
  requestId: string;
  /** Used when the command has no receivedAt: the job's creation time, ISO 8601. */
  receivedAt: string;
  /** Used when the command names no source. */
  channel: string;
}

export type ReadCommand =
  | { kind: "command"; command: OpenTicketCommand }
  /** Not a command in any version that we know; `reply` is what could be saved of the requester's address. */
  | { kind: "unreadable"; reason: string; reply: { requestId: string; correlationId?: string; queue?: string } };

const envelope = openTicketCommand
  .omit({ ticket: true, v: true })
  .partial()
  .extend({ ticket: z.record(z.string(), z.unknown()) });

/**
 * Reads a job's data as a command: this version, version 0 (the bare parameters of the call, without an envelope),
 * and newer versions as far as they keep this one's fields. Never throws.
 */
export function readCommand(data: unknown, defaults: CommandDefaults): ReadCommand {
  const parsed = envelope.safeParse(upgrade(data));
  if (!parsed.success) return { kind: "unreadable", reason: z.prettifyError(parsed.error), reply: salvageReply(data, defaults) };
  const { ticket: rawTicket, problems = [], ...given } = parsed.data;
  const decoded = decodeTicketParams(rawTicket);
  const allProblems = [...problems, ...decoded.problems];
  const command: OpenTicketCommand = {
    ...given,
    v: 1,
    requestId: given.requestId ?? defaults.requestId,
    source: given.source ?? { channel: defaults.channel },
    receivedAt: given.receivedAt ?? defaults.receivedAt,
    ticket: decoded.ticket,
  };
  if (allProblems.length > 0) command.problems = allProblems;
  return { kind: "command", command };
}

function upgrade(data: unknown): unknown {
  const isBareParameters = isRecord(data) && data.v === undefined && data.ticket === undefined;
  return isBareParameters ? { ticket: data } : data;
}

function salvageReply(data: unknown, defaults: CommandDefaults) {
  const salvaged = z
    .looseObject({
      requestId: shortId.catch(defaults.requestId),
      correlationId: shortId.optional().catch(undefined),
      replyTo: openTicketCommand.shape.replyTo.catch(undefined),
    })
    .safeParse(data);
  if (!salvaged.success) return { requestId: defaults.requestId };
  const { requestId, correlationId, replyTo } = salvaged.data;
  return { requestId, ...(correlationId && { correlationId }), ...(replyTo && { queue: replyTo.queue }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
