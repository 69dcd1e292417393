import { z } from "zod";

/**
 * The reference's 13 errors with their exact texts, in the order in which they win when several apply
 * (source: the OpenTicket reference; the order is our own choice).
 */
export const REFERENCE_ERRORS = {
  client_not_found: { field: "clientid", message: "Client ID Not Found" },
  user_not_found: { field: "userid", message: "The system cannot find the provided user ID." },
  contact_not_found: { field: "contactid", message: "Contact ID Not Found" },
  name_and_email_required: { field: "email", message: "Name and email address are required if not a client" },
  email_invalid: { field: "email", message: "Email Address Invalid" },
  department_not_found: { field: "deptid", message: "Department ID not found" },
  subject_required: { field: "subject", message: "Subject is required" },
  message_required: { field: "message", message: "Message is required" },
  service_not_found: { field: "serviceid", message: "Service ID Not Found" },
  domain_not_found: { field: "domainid", message: "Domain ID Not Found" },
  date_invalid: { field: "created", message: "Invalid Date Format" },
  date_in_future: { field: "created", message: "Ticket creation date cannot be in the future" },
  no_ticket_number: { field: "tid", message: "Unable to generate ticket number" },
} as const;

/** Code of one of the reference's errors. */
export type ReferenceErrorCode = keyof typeof REFERENCE_ERRORS;

/** The same for AddTicketReply, in the order of its reference. */
export const REPLY_ERRORS = {
  ticket_not_found: { field: "ticketid", message: "Ticket ID not found" },
  client_not_found: REFERENCE_ERRORS.client_not_found,
  contact_not_found: REFERENCE_ERRORS.contact_not_found,
  name_and_email_required: REFERENCE_ERRORS.name_and_email_required,
  message_required: REFERENCE_ERRORS.message_required,
  email_invalid: REFERENCE_ERRORS.email_invalid,
  status_invalid: { field: "status", message: "Invalid Ticket Status" },
  date_invalid: REFERENCE_ERRORS.date_invalid,
  date_in_future: { field: "created", message: "Reply creation date cannot be in the future" },
} as const;

/** Code of one of the reply's errors. */
export type ReplyErrorCode = keyof typeof REPLY_ERRORS;

/** One thing that was wrong with a request. `code` is for programs, `message` for people. */
export const requestError = z.object({
  code: z.string(),
  /** Parameter of the call that it is about. */
  field: z.string().optional(),
  /** What was wrong and, for errors that are not the reference's own, what would be right. */
  message: z.string(),
});
export type RequestError = z.infer<typeof requestError>;

/** A key stands for one request: it was used before for another. */
export const IDEMPOTENCY_CONFLICT: RequestError = {
  code: "idempotency_key_reused",
  field: "idempotencykey",
  message: "This idempotency key was used for a request with other content; use a new key for a new request",
};

/** Answer to the requester of a dead letter. */
export const KEPT_FOR_OPERATOR = "The request could not be processed; it is kept for the operator";

/** The reference's error of that code. */
export function referenceError(code: ReferenceErrorCode): RequestError {
  return { code, ...REFERENCE_ERRORS[code] };
}

/** The reply's error of that code. */
export function replyError(code: ReplyErrorCode): RequestError {
  return { code, ...REPLY_ERRORS[code] };
}

/** Places of codes in their tables. */
export type Precedence = ReadonlyMap<string, number>;
const ranksOf = (table: object): Precedence => new Map(Object.keys(table).map((code, rank) => [code, rank]));
const OPEN_TICKET_PRECEDENCE = ranksOf(REFERENCE_ERRORS);
export const REPLY_PRECEDENCE = ranksOf(REPLY_ERRORS);

/** The same errors in the order in which they win: the reference's own first, then the others as found. */
export function inOrderOfPrecedence(errors: readonly RequestError[], ranks: Precedence = OPEN_TICKET_PRECEDENCE): RequestError[] {
  const rank = (error: RequestError) => ranks.get(error.code) ?? ranks.size;
  return errors.toSorted((a, b) => rank(a) - rank(b));
}
