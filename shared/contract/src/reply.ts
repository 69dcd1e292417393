import { z } from "zod";
import { requestError } from "./errors.ts";

/** The outcome of one request as its requester gets it. `message` is the error that wins; `errors` holds all of them. */
export const successResult = z.looseObject({
  requestId: z.string(),
  correlationId: z.string().optional(),
  result: z.literal("success"),
  /** Number of the ticket, unique and ascending. */
  id: z.int().positive(),
  /** Ticket number as people see it. */
  tid: z.string(),
  /** Access code of the client area: a bearer secret. */
  c: z.string(),
  /** True when an earlier request with the same key had opened this ticket. */
  replayed: z.boolean().optional(),
});

/** The outcome of AddTicketReply. Of the reference it has `result` alone; the rest is ours. */
export const replyAddedResult = z.looseObject({
  requestId: z.string(),
  correlationId: z.string().optional(),
  result: z.literal("success"),
  /** The ticket that was replied to. */
  ticketid: z.int().positive(),
  /** Number of the reply, unique among the replies of all tickets. */
  replyid: z.int().positive(),
  replayed: z.boolean().optional(),
});

export const errorResult = z.looseObject({
  requestId: z.string(),
  correlationId: z.string().optional(),
  result: z.literal("error"),
  message: z.string(),
  errors: z.array(requestError),
  replayed: z.boolean().optional(),
});

export const openTicketResult = z.discriminatedUnion("result", [successResult, errorResult]);
export const addTicketReplyResult = z.discriminatedUnion("result", [replyAddedResult, errorResult]);
/** The outcome of any command. */
export const commandResult = z.union([openTicketResult, replyAddedResult]);
export type SuccessResult = z.infer<typeof successResult>;
export type ErrorResult = z.infer<typeof errorResult>;
export type OpenTicketResult = z.infer<typeof openTicketResult>;
export type ReplyAddedResult = z.infer<typeof replyAddedResult>;
export type AddTicketReplyResult = z.infer<typeof addTicketReplyResult>;
export type CommandResult = z.infer<typeof commandResult>;

/** True for the success of a reply, which has no ids of a new ticket. */
export function isReplyAdded(result: CommandResult): result is ReplyAddedResult {
  return result.result === "success" && typeof result.replyid === "number";
}

/**
 * Data of a job on a reply queue: always a list, because one job per commit and requester is the cheapest. Empty where an erasure
 * took out what its reader had in hand.
 */
export const replyMessage = z.looseObject({ v: z.int().min(1), results: z.array(commandResult) });
export type ReplyMessage = z.infer<typeof replyMessage>;

/** What is known of a request. `unknown`: never accepted here, or its rejection has expired. */
export const requestStatus = z.discriminatedUnion("state", [
  z.object({ requestId: z.string(), state: z.enum(["queued", "working", "unknown"]) }),
  z.object({ requestId: z.string(), state: z.literal("done"), result: z.union([successResult, replyAddedResult]) }),
  z.object({ requestId: z.string(), state: z.literal("rejected"), result: errorResult }),
  /** Given up, and kept for the operator, who may let it run again. */
  z.object({ requestId: z.string(), state: z.literal("failed"), result: errorResult }),
]);
export type RequestStatus = z.infer<typeof requestStatus>;
