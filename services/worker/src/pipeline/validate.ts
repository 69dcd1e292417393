import { LIMITS, NO_SUCH_ID, type OpenTicketCommand, PRIORITIES, type RequestError, referenceError, type TicketRecord } from "@openticket/contract";
import { readCreated } from "./created.ts";
import { readCustomFields } from "./custom-fields.ts";
import { Findings } from "./findings.ts";
import { readOpener } from "./opener.ts";
import type { Department, PipelineDeps } from "./ports.ts";
import { readSubject } from "./subject.ts";

/** What validation hands on: the ticket's own fields, and its department for what depends on that. */
export interface ValidTicket {
  fields: Pick<TicketRecord, "subject" | "message" | "markdown" | "priority" | "opener" | "service" | "customfields" | "preventClientClosure" | "decisions">;
  department: Department;
  createdAt: Date | undefined;
}

/**
 * Checks a command against the reference data. Every rule is asked, so that all errors are found at once; their order
 * of precedence is the contract's. Rules that only inform leave a decision on the ticket.
 */
export async function validate(
  command: OpenTicketCommand,
  deps: Pick<PipelineDeps, "directory" | "rules" | "now">,
): Promise<{ errors: RequestError[]; ticket?: ValidTicket }> {
  const { ticket } = command;
  const { directory, rules } = deps;
  const findings = new Findings();
  const [opener, department, service] = await Promise.all([
    readOpener(command, directory, findings),
    readDepartment(ticket.deptid, directory, findings),
    readService(ticket, directory, findings),
  ]);
  const subject = readSubject(ticket.subject, findings);
  const message = readMessage(ticket.message, findings);
  const createdAt = readCreated(ticket.created, { timeZone: rules.timeZone, now: deps.now(), inFuture: referenceError("date_in_future") }, findings);
  const priority = readPriority(ticket.priority, rules.defaultPriority, findings);
  const customfields = await readCustomFields(ticket.customfields ?? {}, department?.id, directory, findings);
  const { errors, decisions } = findings;
  if (errors.length > 0 || !opener || !department || subject === undefined || message === undefined) return { errors };
  const preventClientClosure = ticket.preventClientClosure ?? department.preventClientClosure;
  const markdown = ticket.markdown ?? false;
  const fields = { subject, message, markdown, priority, opener, customfields, preventClientClosure, decisions };
  return { errors, ticket: { fields: service === undefined ? fields : { ...fields, service }, department, createdAt } };
}

async function readDepartment(id: number | undefined, directory: PipelineDeps["directory"], findings: Findings): Promise<Department | undefined> {
  const department = id === undefined || id === NO_SUCH_ID ? undefined : await directory.department(id);
  if (!department) findings.error(referenceError("department_not_found"));
  return department;
}

/** `S<id>` or `D<id>`, which must belong to the client. Both given: the service counts. */
async function readService(
  { clientid, serviceid, domainid }: OpenTicketCommand["ticket"],
  directory: PipelineDeps["directory"],
  findings: Findings,
): Promise<string | undefined> {
  if (serviceid !== undefined) {
    if (domainid !== undefined) findings.decide("service", `S${serviceid}`, "serviceid and domainid were both given: the service counts");
    const service = serviceid === NO_SUCH_ID ? undefined : await directory.service(serviceid);
    if (service && service.clientid === clientid) return `S${service.id}`;
    findings.error(referenceError("service_not_found"));
    return undefined;
  }
  if (domainid === undefined) return undefined;
  const domain = domainid === NO_SUCH_ID ? undefined : await directory.domain(domainid);
  if (domain && domain.clientid === clientid) return `D${domain.id}`;
  findings.error(referenceError("domain_not_found"));
  return undefined;
}

/** The message, which must say something; without NUL, which nobody can see and many programs end a text at. */
export function readMessage(given: string | undefined, findings: Findings): string | undefined {
  const message = given?.replaceAll("\0", "") ?? "";
  const bytes = Buffer.byteLength(message);
  if (bytes <= LIMITS.messageBytes && message.trim() !== "") return message;
  findings.error(bytes > LIMITS.messageBytes ? tooLong(bytes) : referenceError("message_required"));
  return undefined;
}

function tooLong(bytes: number): RequestError {
  return { code: "message_too_long", field: "message", message: `The message has ${bytes} bytes of UTF-8; at most ${LIMITS.messageBytes} are taken` };
}

function readPriority(given: string | undefined, fallback: TicketRecord["priority"], findings: Findings): TicketRecord["priority"] {
  if (given === undefined) return fallback;
  const known = PRIORITIES.find((priority) => priority.toLowerCase() === given.toLowerCase());
  if (known) return known;
  findings.decide("priority", fallback, `"${given.slice(0, 40)}" is none of ${PRIORITIES.join(", ")}`);
  return fallback;
}
