import { randomBytes } from "node:crypto";
import {
  ADD_TICKET_REPLY_JOB,
  type AddTicketReplyCommand,
  type Attachment,
  CONTRACT_VERSION,
  type Decoded,
  decodeReplyParams,
  decodeTicketParams,
  LIMITS,
  type OpenTicketCommand,
  requestIdOfKey,
} from "@openticket/contract";
import { InvalidParams } from "./errors.ts";

/** The parameters of the call, as plain values; encoded forms, as on the wire, are understood as well. */
export interface OpenTicketParams {
  deptid?: number | string;
  subject?: string;
  message?: string;
  clientid?: number | string;
  userid?: number | string;
  contactid?: number | string;
  name?: string;
  email?: string;
  priority?: string;
  created?: string;
  serviceid?: number | string;
  domainid?: number | string;
  admin?: boolean;
  noemail?: boolean;
  markdown?: boolean;
  preventClientClosure?: boolean;
  /** By the field's id, or in the call's own encoding. */
  customfields?: Record<string, unknown> | string;
  attachments?: ClientAttachment[] | string;
  [other: string]: unknown;
}

/** The parameters of AddTicketReply, likewise. */
export interface AddTicketReplyParams {
  ticketid?: number | string;
  message?: string;
  clientid?: number | string;
  contactid?: number | string;
  /** Makes it a reply of the staff. */
  adminusername?: string;
  name?: string;
  email?: string;
  status?: string;
  created?: string;
  noemail?: boolean;
  markdown?: boolean;
  customfields?: Record<string, unknown> | string;
  attachments?: ClientAttachment[] | string;
  [other: string]: unknown;
}

/** `data` is the content itself, or its base64. */
export interface ClientAttachment {
  name: string;
  data: Uint8Array | string;
  contentType?: string;
}

export interface SubmitOptions {
  /** A repetition with the same key, from the same source, never opens a second ticket. */
  idempotencyKey?: string | undefined;
  /** Handed back with the result. */
  correlationId?: string | undefined;
  /** Admin who acts. */
  adminUsername?: string | undefined;
}

export interface CommandSourceOptions {
  /** Scope of idempotency keys, shown as the ticket's credential; none: all SDK users share one scope. */
  source?: string | undefined;
  now(): Date;
}

/** Who made a command, as the ticket shows it. */
const CHANNEL = "sdk";
const REQUEST_ID_BYTES = 16;

/** The command for these parameters; what is wrong with their values is the worker's to say. Throws {@link InvalidParams} for what cannot travel. */
export function commandOf(params: OpenTicketParams, options: SubmitOptions, source: CommandSourceOptions): OpenTicketCommand {
  return inEnvelope(decodeTicketParams(withInlineContent(params)), options, source);
}

/** The same for a reply. */
export function replyCommandOf(params: AddTicketReplyParams, options: SubmitOptions, source: CommandSourceOptions): AddTicketReplyCommand {
  return { ...inEnvelope(decodeReplyParams(withInlineContent(params)), options, source), action: ADD_TICKET_REPLY_JOB };
}

function inEnvelope<T extends { attachments?: Attachment[] | undefined }>(
  { ticket, problems }: Decoded<T>,
  { idempotencyKey, correlationId, adminUsername }: SubmitOptions,
  { source, now }: CommandSourceOptions,
): Omit<OpenTicketCommand, "action" | "ticket"> & { ticket: T } {
  checkLength("idempotencyKey", idempotencyKey, LIMITS.idempotencyKeyLength);
  checkLength("correlationId", correlationId, LIMITS.idLength);
  checkInlineSize(ticket.attachments ?? []);
  checkTravels({ ...ticket, attachments: undefined, adminUsername });
  return {
    v: CONTRACT_VERSION,
    requestId: idempotencyKey === undefined ? `req_${randomBytes(REQUEST_ID_BYTES).toString("hex")}` : requestIdOfKey(source ?? CHANNEL, idempotencyKey),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(correlationId !== undefined && { correlationId }),
    source: { channel: CHANNEL, ...(source !== undefined && { credential: source }) },
    receivedAt: now().toISOString(),
    ...(adminUsername !== undefined && { actor: { admin: adminUsername } }),
    ticket,
    ...(problems.length > 0 && { problems }),
  };
}

function checkLength(what: string, text: string | undefined, maxLength: number): void {
  if (text === undefined || (text.length > 0 && text.length <= maxLength)) return;
  throw new InvalidParams(`${what} has ${text.length} characters; expected 1 to ${maxLength}`);
}

function withInlineContent(params: OpenTicketParams | AddTicketReplyParams): Record<string, unknown> {
  if (!Array.isArray(params.attachments)) return params;
  const attachments = params.attachments.map((file) => (file.data instanceof Uint8Array ? { ...file, data: asBase64(file.data) } : file));
  return { ...params, attachments };
}

function asBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function checkInlineSize(attachments: readonly Attachment[]): void {
  const totalBytes = attachments.reduce((sum, file) => sum + ("data" in file ? Buffer.byteLength(file.data, "base64") : 0), 0);
  if (totalBytes <= LIMITS.inlineAttachmentBytes) return;
  throw new InvalidParams(
    `the attachments have ${totalBytes} bytes together; at most ${LIMITS.inlineAttachmentBytes} travel through the queue. Send larger files through the REST API: POST as multipart/form-data to /v1/tickets or /v1/tickets/{id}/replies`,
  );
}

/** Commands travel as JSON. */
function checkTravels(params: object): void {
  try {
    JSON.stringify(params);
  } catch (cause) {
    throw new InvalidParams(`the parameters cannot be written as JSON: ${String(cause)}; expected texts, numbers, booleans, lists and plain objects`, {
      cause,
    });
  }
}
