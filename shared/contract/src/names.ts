/**
 * Names that producers and consumers in any language rely on.
 * A custom BullMQ job id may hold no ":" and must not be an integer, so ours carry a prefix.
 */

/** Queue that takes commands. */
export const COMMAND_QUEUE = "open-ticket";
/** Queue that takes questions about the outcome of earlier requests. */
export const STATUS_QUEUE = "open-ticket-status";
/** What is put there would be taken for a command or a question. */
const PRODUCT_QUEUES: ReadonlySet<string> = new Set([COMMAND_QUEUE, STATUS_QUEUE]);
/** True for a queue of the product's own: a `replyTo` that names one is answered to nobody, and the job is done like any other. */
export const isProductQueue = (queue: string): boolean => PRODUCT_QUEUES.has(queue);
/** Job name of a command that opens a ticket: the action of the call. */
export const OPEN_TICKET_JOB = "OpenTicket";
/** Job name of a command that adds a reply to a ticket. */
export const ADD_TICKET_REPLY_JOB = "AddTicketReply";
/** Job name of a question for the outcome of a request, on {@link STATUS_QUEUE}. */
export const REQUEST_STATUS_JOB = "RequestStatus";
/** Job name of a batch of results on a reply queue. */
export const REPLY_JOB = "OpenTicketReply";
/** What every reply queue made by our own code starts with; a foreign requester chooses any other name. */
export const REPLY_QUEUE_PREFIX = "open-ticket-reply-";
/** BullMQ's key prefix in Redis unless configured. */
export const DEFAULT_QUEUE_PREFIX = "bull";
/** Version that commands and replies are written in. Readers accept this one, older ones and, loosely, newer ones. */
export const CONTRACT_VERSION = 1;
