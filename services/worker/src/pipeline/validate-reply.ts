import {
  type AddTicketReplyCommand,
  NO_SUCH_ID,
  type ReplyAuthor,
  type ReplyRecord,
  type RequestError,
  replyError,
  type TicketHead,
} from "@openticket/contract";
import { readAuthor } from "./author.ts";
import { readCreated } from "./created.ts";
import { readCustomFields } from "./custom-fields.ts";
import { Findings } from "./findings.ts";
import type { Department, PipelineDeps } from "./ports.ts";
import { readMessage } from "./validate.ts";

/** What validation hands on: the reply's own fields, and its ticket and department for what depends on those. */
export interface ValidReply {
  fields: Pick<ReplyRecord, "ticketId" | "author" | "message" | "markdown" | "customfields" | "status" | "decisions">;
  ticket: TicketHead;
  /** None: the ticket's department is there no more. */
  department: Department | undefined;
  createdAt: Date | undefined;
}

/** Checks a reply against its ticket and the reference data; every rule is asked, as for a ticket. */
export async function validateReply(
  command: AddTicketReplyCommand,
  deps: Pick<PipelineDeps, "directory" | "tickets" | "rules" | "now">,
): Promise<{ errors: RequestError[]; reply?: ValidReply }> {
  const { ticket: params } = command;
  const { directory, rules } = deps;
  const findings = new Findings();
  const [ticket, author] = await Promise.all([readTicket(params.ticketid, deps.tickets, findings), readAuthor(command, directory, findings)]);
  const message = readMessage(params.message, findings);
  const status = readStatus(params.status, author, rules.statuses, findings);
  const createdAt = readCreated(params.created, { timeZone: rules.timeZone, now: deps.now(), inFuture: replyError("date_in_future") }, findings);
  const department = ticket && (await directory.department(ticket.deptid));
  const customfields = await readCustomFields(params.customfields ?? {}, ticket?.deptid, directory, findings);
  const { errors, decisions } = findings;
  if (errors.length > 0 || !ticket || !author || message === undefined || status === undefined) return { errors };
  const fields = { ticketId: ticket.id, author, message, markdown: params.markdown ?? false, customfields, status, decisions };
  return { errors, reply: { fields, ticket, department, createdAt } };
}

async function readTicket(id: number | undefined, tickets: PipelineDeps["tickets"], findings: Findings): Promise<TicketHead | undefined> {
  const ticket = id === undefined || id === NO_SUCH_ID ? undefined : await tickets.findHead(id);
  if (!ticket) findings.error(replyError("ticket_not_found"));
  return ticket;
}

/** The status that is given, else the one that follows from who replies. */
function readStatus(given: string | undefined, author: ReplyAuthor | undefined, known: readonly string[], findings: Findings): string | undefined {
  if (given === undefined) return author?.kind === "admin" ? "Answered" : "Customer-Reply";
  const status = known.find((name) => name.toLowerCase() === given.toLowerCase());
  if (status === undefined) findings.error(replyError("status_invalid"));
  return status;
}
