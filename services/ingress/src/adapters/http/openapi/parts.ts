import { errorResult, replyAddedResult, replyParams, requestError, requestStatus, successResult, ticketParams } from "@openticket/contract";
import {
  callPage,
  endpointChangesForm,
  endpointView,
  newEndpointForm,
  newSecret,
  newSecretForm,
  newSource,
  sourceDefinition,
  sourceView,
} from "@openticket/webhooks";
import { z } from "zod";
import { inboundPage, inboundView } from "../rest/inbound.ts";
import { ticketView } from "../rest/view.ts";

/** What the OpenAPI document is put together from: the schemas that the code itself uses, and shapes of operations. */

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(requestError).optional(),
  requestId: z.string().optional(),
});

const uploadedAttachment = z.object({
  name: z.string(),
  contentType: z.string().optional(),
  data: z.base64().describe("Content of the file, base64"),
});
const newTicket = ticketParams.extend({ attachments: z.array(uploadedAttachment).optional() }).required({ deptid: true, subject: true, message: true });
const newReply = replyParams.omit({ ticketid: true }).extend({ attachments: z.array(uploadedAttachment).optional() });
const replyAdded = replyAddedResult.omit({ result: true, correlationId: true });
const opened = successResult.omit({ result: true, correlationId: true });
const accepted = z.object({ requestId: z.string(), state: z.literal("queued"), location: z.string() });
const webhookAnswer = z.object({
  result: z.enum(["accepted", "ignored", "handshake", "ready", "error"]),
  id: z.array(z.string()).optional().describe("Of what came in; ask for it at /v1/inbound/{id}"),
  unknownMailbox: z.array(z.string()).optional().describe("Recipients that no mailbox is there for, beside others"),
  message: z.string().optional().describe("Why, or what was wrong"),
});
const sourceWithSecret = sourceView.extend({ newSecret: z.object({ id: z.string(), secret: z.string() }).optional().describe("Shown this once") });

const SCHEMAS = {
  NewTicket: newTicket,
  Opened: opened,
  NewReply: newReply,
  ReplyAdded: replyAdded,
  Accepted: accepted,
  RequestStatus: requestStatus,
  Ticket: ticketView,
  Inbound: inboundView,
  InboundPage: inboundPage,
  NewWebhookSource: newSource,
  WebhookSourceDefinition: sourceDefinition,
  NewWebhookSecret: newSecret,
  WebhookSource: sourceView,
  WebhookSourceWithSecret: sourceWithSecret,
  WebhookSources: z.object({ sources: z.array(sourceView) }),
  WebhookAnswer: webhookAnswer,
  NewWebhookEndpoint: newEndpointForm([]),
  WebhookEndpointChanges: endpointChangesForm([]),
  NewEndpointSecret: newSecretForm,
  WebhookEndpoint: endpointView,
  WebhookEndpointWithSecret: endpointView.extend({ newSecret: z.object({ id: z.string(), secret: z.string() }).optional().describe("Shown this once") }),
  WebhookEndpoints: z.object({ endpoints: z.array(endpointView) }),
  WebhookDeliveries: callPage,
  OwedDelivery: z.object({ delivery: z.string() }),
  Problem: problem,
  ErrorResult: errorResult,
};

/** All schemas by name, for the document's components. */
export function componentSchemas(): Record<string, unknown> {
  return Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchemaOf(name, schema)]));
}

/** The component's schema, open to further properties. What it refers to within itself is found from the document's root. */
function jsonSchemaOf(name: string, schema: z.ZodType): unknown {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input", unrepresentable: "any" });
  return JSON.parse(JSON.stringify(rest).replaceAll('"$ref":"#/$defs/', `"$ref":"#/components/schemas/${name}/$defs/`));
}

/** Refers to one of the schemas. */
export const ref = (name: keyof typeof SCHEMAS) => ({ $ref: `#/components/schemas/${name}` });
/** An answer in JSON. */
export const json = (name: keyof typeof SCHEMAS, description: string, headers?: object) => ({
  description,
  ...(headers && { headers }),
  content: { "application/json": { schema: ref(name) } },
});
/** Answers with a problem document. */
export const problems = (...statuses: number[]) =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: PROBLEMS[status], content: { "application/problem+json": { schema: ref("Problem") } } }]),
  );
/** A parameter in the path. */
export const inPath = (name: string, description: string, schema: object) => ({ name, in: "path", required: true, description, schema });
/** A header that may be sent. */
export const inHeader = (name: string, description: string) => ({ name, in: "header", required: false, description, schema: { type: "string" } });

const PROBLEMS: Record<number, string> = {
  400: "The request could not be read",
  401: "No credentials, or wrong ones",
  403: "The address or the credential's permissions do not allow it",
  404: "There is no such thing that this credential may see",
  409: "There is one of that name already",
  412: "It was changed since",
  413: "The body is larger than allowed",
  415: "The body is of a type that is not read",
  422: "The request was rejected, with every error; or the idempotency key was used for another request",
  503: "Not available now, or the outcome is late: see Retry-After, and requestId where there is one",
};

/** One operation. */
export function operation(tag: string, summary: string, responses: object, more: object = {}) {
  return { tags: [tag], summary, responses, ...more };
}
