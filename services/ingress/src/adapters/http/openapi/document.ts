import { errorResult, REFERENCE_ERRORS, requestError, requestStatus, successResult, ticketParams } from "@openticket/contract";
import { z } from "zod";
import { ticketView } from "../rest/view.ts";
import { INBOUND_PATHS, INBOUND_SCHEMAS } from "./inbound.ts";
import { inHeader, inPath, json, operation, problems, ref } from "./parts.ts";

/** The OpenAPI 3.1 document of the HTTP door, made from the schemas that the code itself uses. */

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
const newTicket = ticketParams.extend({ attachments: z.array(uploadedAttachment).optional() });
const opened = successResult.omit({ result: true, correlationId: true });
const accepted = z.object({ requestId: z.string(), state: z.literal("queued"), location: z.string() });

const SCHEMAS = {
  NewTicket: newTicket,
  Opened: opened,
  Accepted: accepted,
  RequestStatus: requestStatus,
  Ticket: ticketView,
  ...INBOUND_SCHEMAS,
  Problem: problem,
  ErrorResult: errorResult,
};

/** Builds the document; `version` is that of the product. */
export function makeOpenApiDocument(version: string) {
  const schemas = Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchemaOf(schema)]));
  return {
    openapi: "3.1.0",
    info: {
      title: "OpenTicket intake",
      version,
      description: "Opens tickets exactly once. Parameters are those of the OpenTicket call; unknown ones are ignored.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ basic: [] }, { bearer: [] }],
    tags: [
      { name: "tickets" },
      { name: "requests" },
      { name: "inbound", description: "Messages that came in" },
      { name: "classic", description: "The call as existing clients make it" },
      { name: "operation" },
    ],
    paths: {
      "/v1/tickets": { post: openTicketOperation },
      "/v1/tickets/{id}": { get: getTicketOperation },
      "/v1/tickets/{id}/attachments/{index}": { get: getAttachmentOperation },
      "/v1/requests/{requestId}": { get: getRequestOperation },
      "/v1/requests": { get: findRequestOperation },
      ...INBOUND_PATHS,
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
      schemas,
      securitySchemes: {
        basic: { type: "http", scheme: "basic", description: "API identifier and secret, or an admin's username and md5 hex of the password" },
        bearer: { type: "http", scheme: "bearer", description: "`<identifier>:<secret>`" },
      },
    },
  };
}

function jsonSchemaOf(schema: z.ZodType): unknown {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "output", unrepresentable: "any" });
  return rest;
}

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
    parameters: [
      inHeader("Prefer", "`respond-async`: answer as soon as the request is accepted"),
      inHeader("Idempotency-Key", "Makes a repetition harmless: the same key and content give the same ticket again"),
    ],
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
  "A ticket as it is stored",
  { 200: json("Ticket", "The ticket"), ...problems(401, 403, 404, 503) },
  {
    operationId: "getTicket",
    parameters: [inPath("id", "The ticket's id", { type: "integer", minimum: 1 })],
  },
);

const getAttachmentOperation = operation(
  "tickets",
  "An attachment of a ticket",
  { 200: { description: "Its content", content: { "application/octet-stream": {} } }, ...problems(401, 403, 404, 503) },
  {
    operationId: "getTicketAttachment",
    parameters: [
      inPath("id", "The ticket's id", { type: "integer" }),
      inPath("index", "Its place among the attachments, from 0", { type: "integer", minimum: 0 }),
    ],
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

const classicOperation = operation(
  "classic",
  "OpenTicket as existing clients call it, below any path prefix",
  {
    200: {
      description: `\`result\` is success with id, tid and c, or error with one of: ${Object.values(REFERENCE_ERRORS)
        .map(({ message }) => message)
        .join(" · ")}`,
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
              action: { const: "OpenTicket" },
              identifier: { type: "string" },
              secret: { type: "string" },
              responsetype: { enum: ["json", "xml", "nvp"] },
              deptid: { type: "string" },
              subject: { type: "string" },
              message: { type: "string" },
              customfields: { type: "string", description: "base64 of a PHP-serialized array" },
              attachments: { type: "string", description: "base64 of JSON [{name, data}]" },
            },
          },
        },
      },
    },
  },
);
