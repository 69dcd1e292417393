import { REFERENCE_ERRORS, REPLY_ERRORS } from "@openticket/contract";
import { inboundPaths } from "./inbound.ts";
import { componentSchemas, inHeader, inPath, json, operation, problems, ref } from "./parts.ts";
import { webhookEndpointPaths } from "./webhook-endpoints.ts";
import { webhookSourcePaths } from "./webhook-sources.ts";

/** The OpenAPI 3.1 document of the HTTP door. */

/** Builds the document; `version` is that of the product. */
export function makeOpenApiDocument(version: string) {
  return {
    openapi: "3.1.0",
    info: {
      title: "OpenTicket intake",
      version,
      description: "Opens tickets, and adds replies to them, exactly once. Parameters are those of the classic calls; unknown ones are ignored.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ basic: [] }, { bearer: [] }],
    tags: [
      { name: "tickets" },
      { name: "requests" },
      { name: "inbound", description: "Messages that came in" },
      { name: "webhooks", description: "Calls of providers, and the sources that they belong to" },
      { name: "events", description: "Endpoints that hear of our events, and their calls; docs/events.md has the payloads" },
      { name: "classic", description: "The call as existing clients make it" },
      { name: "operation" },
    ],
    paths: {
      "/v1/tickets": { post: openTicketOperation },
      "/v1/tickets/{id}": { get: getTicketOperation },
      "/v1/tickets/{id}/attachments/{index}": { get: getAttachmentOperation },
      "/v1/tickets/{id}/replies": { post: addReplyOperation },
      "/v1/tickets/{id}/replies/{replyId}/attachments/{index}": { get: getReplyAttachmentOperation },
      "/v1/requests/{requestId}": { get: getRequestOperation },
      "/v1/requests": { get: findRequestOperation },
      ...inboundPaths(),
      ...webhookSourcePaths(),
      ...webhookEndpointPaths(),
      "/includes/api.php": { post: classicOperation },
      "/healthz": { get: operation("operation", "The process runs", { 200: { description: "It does" } }, { security: [] }) },
      "/readyz": {
        get: operation(
          "operation",
          "The queue and the store answer",
          { 200: { description: "Both do" }, 503: { description: "One does not; the body names it" } },
          { security: [] },
        ),
      },
      "/metrics": { get: operation("operation", "Metrics in Prometheus' text format", { 200: { description: "The metrics" } }, { security: [] }) },
    },
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        basic: { type: "http", scheme: "basic", description: "API identifier and secret, or an admin's username and md5 hex of the password" },
        bearer: { type: "http", scheme: "bearer", description: "`<identifier>:<secret>`" },
      },
    },
  };
}

const PREFER = inHeader("Prefer", "`respond-async`: answer as soon as the request is accepted");
const TICKET_ID = inPath("id", "The ticket's id", { type: "integer", minimum: 1 });
const INDEX = inPath("index", "Its place among the attachments, from 0", { type: "integer", minimum: 0 });

const openTicketOperation = operation(
  "tickets",
  "Open a ticket",
  {
    201: json("Opened", "The ticket is stored", { location: { schema: { type: "string" } } }),
    200: json("Opened", "A repetition: the ticket that the first request opened", { "idempotency-replayed": { schema: { const: "true" } } }),
    202: json("Accepted", "Accepted, because `Prefer: respond-async` asked for it", { location: { schema: { type: "string" } } }),
    ...problems(400, 401, 403, 413, 415, 422, 503),
  },
  {
    operationId: "openTicket",
    parameters: [PREFER, inHeader("Idempotency-Key", "Makes a repetition harmless: the same key and content give the same ticket again")],
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: ref("NewTicket"),
          example: { deptid: 1, subject: "Printer on fire", message: "It **burns**.", name: "Ada", email: "ada@example.test", markdown: true },
        },
        "multipart/form-data": {
          schema: {
            type: "object",
            properties: {
              deptid: { type: "integer" },
              subject: { type: "string" },
              message: { type: "string" },
              "attachments[]": { type: "array", items: { type: "string", format: "binary" } },
            },
          },
        },
      },
    },
  },
);

const getTicketOperation = operation(
  "tickets",
  "A ticket as it is stored, with its latest replies",
  { 200: json("Ticket", "The ticket"), ...problems(401, 403, 404, 503) },
  {
    operationId: "getTicket",
    parameters: [TICKET_ID],
  },
);

const getAttachmentOperation = operation(
  "tickets",
  "An attachment of a ticket",
  { 200: { description: "Its content", content: { "application/octet-stream": {} } }, ...problems(401, 403, 404, 503) },
  {
    operationId: "getTicketAttachment",
    parameters: [TICKET_ID, INDEX],
  },
);

const addReplyOperation = operation(
  "tickets",
  "Reply to a ticket",
  {
    201: json("ReplyAdded", "The reply is stored, and its ticket has its new status", { location: { schema: { type: "string" } } }),
    200: json("ReplyAdded", "A repetition: the reply that the first request added", { "idempotency-replayed": { schema: { const: "true" } } }),
    202: json("Accepted", "Accepted, because `Prefer: respond-async` asked for it", { location: { schema: { type: "string" } } }),
    ...problems(400, 401, 403, 404, 413, 415, 422, 503),
  },
  {
    operationId: "addTicketReply",
    parameters: [TICKET_ID, PREFER, inHeader("Idempotency-Key", "Makes a repetition harmless: the same key and content give the same reply again")],
    requestBody: {
      required: true,
      content: {
        "application/json": { schema: ref("NewReply"), example: { message: "It still **burns**.", clientid: 1, markdown: true } },
        "multipart/form-data": {
          schema: {
            type: "object",
            properties: {
              message: { type: "string" },
              clientid: { type: "integer" },
              adminusername: { type: "string" },
              "attachments[]": { type: "array", items: { type: "string", format: "binary" } },
            },
          },
        },
      },
    },
  },
);

const getReplyAttachmentOperation = operation(
  "tickets",
  "An attachment of a reply",
  { 200: { description: "Its content", content: { "application/octet-stream": {} } }, ...problems(401, 403, 404, 503) },
  {
    operationId: "getReplyAttachment",
    parameters: [TICKET_ID, inPath("replyId", "The reply's number", { type: "integer", minimum: 1 }), INDEX],
  },
);

const waitParameter = {
  name: "wait",
  in: "query",
  required: false,
  description: "Seconds to wait for an outcome, at most 30",
  schema: { type: "number", minimum: 0, maximum: 30 },
};

const findRequestOperation = operation(
  "requests",
  "What became of the request with an idempotency key",
  { 200: json("RequestStatus", "Its state"), ...problems(400, 401, 403, 404, 503) },
  {
    operationId: "findRequest",
    parameters: [
      { name: "idempotencyKey", in: "query", required: true, description: "As the request was sent with", schema: { type: "string" } },
      waitParameter,
    ],
  },
);

const getRequestOperation = operation(
  "requests",
  "What became of a request",
  { 200: json("RequestStatus", "Its state"), ...problems(400, 401, 403, 404, 503) },
  {
    operationId: "getRequest",
    parameters: [inPath("requestId", "As handed out with the receipt", { type: "string" }), waitParameter],
  },
);

function messagesOf(errors: Record<string, { message: string }>): string {
  return Object.values(errors)
    .map(({ message }) => message)
    .join(" · ");
}

const classicOperation = operation(
  "classic",
  "OpenTicket and AddTicketReply as existing clients call them, below any path prefix",
  {
    200: {
      description: `OpenTicket: \`result\` is success with id, tid and c, or error with one of: ${messagesOf(REFERENCE_ERRORS)}. AddTicketReply: \`result\` is success alone, with the headers X-Request-Id and X-Reply-Id, or error with one of: ${messagesOf(REPLY_ERRORS)}`,
    },
    ...Object.fromEntries([400, 403, 405, 413, 415, 503].map((status) => [status, { description: "An error in the same format" }])),
  },
  {
    operationId: "openTicketClassic",
    security: [],
    requestBody: {
      required: true,
      content: {
        "application/x-www-form-urlencoded": {
          schema: {
            type: "object",
            required: ["action"],
            properties: {
              action: { enum: ["OpenTicket", "AddTicketReply"] },
              identifier: { type: "string" },
              secret: { type: "string" },
              responsetype: { enum: ["json", "xml", "nvp"] },
              deptid: { type: "string" },
              subject: { type: "string" },
              message: { type: "string" },
              ticketid: { type: "string", description: "Of AddTicketReply" },
              customfields: { type: "string", description: "base64 of a PHP-serialized array" },
              attachments: { type: "string", description: "base64 of JSON [{name, data}]" },
            },
          },
        },
      },
    },
  },
);
