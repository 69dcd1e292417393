import { CALL_STATES } from "@openticket/contract";
import { inPath, json, operation, problems, ref } from "./parts.ts";

const NAME = inPath("name", "Name of the endpoint", { type: "string" });
const TAG = "events";
const WANTS = "wants the permission `managewebhooks`";
const NEW_ENDPOINT = { name: "crm", url: "https://crm.example.com/hooks/tickets", events: ["ticket.opened", "ticket.status.changed"], deptids: [1, 2] };

const body = (name: "NewWebhookEndpoint" | "WebhookEndpointChanges" | "NewEndpointSecret", example: object, isRequired = true) => ({
  requestBody: { required: isRequired, content: { "application/json": { schema: ref(name), example } } },
});
const inQuery = (name: string, description: string, schema: object) => ({ name, in: "query", required: false, description, schema });

/** The operations on endpoints of our events, and on their calls. */
export function webhookEndpointPaths() {
  return {
    "/v1/webhook-endpoints": { get: listOperation, post: createOperation },
    "/v1/webhook-endpoints/{name}": { get: getOperation, patch: changeOperation, delete: removeOperation },
    "/v1/webhook-endpoints/{name}/secrets": { post: addSecretOperation },
    "/v1/webhook-endpoints/{name}/secrets/{id}": { delete: removeSecretOperation },
    "/v1/webhook-endpoints/{name}/test": { post: testOperation },
    "/v1/webhook-endpoints/{name}/deliveries": { get: deliveriesOperation },
    "/v1/webhook-deliveries/{id}/replay": { post: replayOperation },
  };
}

const listOperation = operation(
  TAG,
  `All endpoints that hear of events; ${WANTS}`,
  { 200: json("WebhookEndpoints", "By name"), ...problems(401, 403, 503) },
  { operationId: "listWebhookEndpoints" },
);
const createOperation = operation(
  TAG,
  `Set up an endpoint; it hears of what happens a few seconds later; ${WANTS}`,
  { 201: json("WebhookEndpointWithSecret", "Set up; its secret is shown this once"), ...problems(400, 401, 403, 409, 413, 422, 503) },
  { operationId: "createWebhookEndpoint", ...body("NewWebhookEndpoint", NEW_ENDPOINT) },
);
const getOperation = operation(
  TAG,
  `An endpoint, without its secrets; ${WANTS}`,
  { 200: json("WebhookEndpoint", "The endpoint"), ...problems(401, 403, 404, 503) },
  { operationId: "getWebhookEndpoint", parameters: [NAME] },
);
const changeOperation = operation(
  TAG,
  `Change what is named of an endpoint; enabling one that we have disabled lets its calls go on; ${WANTS}`,
  { 200: json("WebhookEndpoint", "As it is now"), ...problems(400, 401, 403, 404, 412, 413, 422, 503) },
  { operationId: "changeWebhookEndpoint", parameters: [NAME], ...body("WebhookEndpointChanges", { isEnabled: true }) },
);
const removeOperation = operation(
  TAG,
  `Remove an endpoint with its secrets and deliveries; what is still owed to it is not sent; ${WANTS}`,
  { 204: { description: "Removed" }, ...problems(401, 403, 404, 503) },
  { operationId: "removeWebhookEndpoint", parameters: [NAME] },
);
const addSecretOperation = operation(
  TAG,
  `Make a new secret; calls are signed with the others too until they end; ${WANTS}`,
  { 201: json("WebhookEndpointWithSecret", "The new secret is shown this once"), ...problems(400, 401, 403, 404, 412, 413, 422, 503) },
  { operationId: "addWebhookEndpointSecret", parameters: [NAME], ...body("NewEndpointSecret", { expireOthersInSeconds: 86_400 }, false) },
);
const removeSecretOperation = operation(
  TAG,
  `Remove a secret at once; not the last valid one; ${WANTS}`,
  { 204: { description: "Removed" }, ...problems(401, 403, 404, 412, 422, 503) },
  { operationId: "removeWebhookEndpointSecret", parameters: [NAME, inPath("id", "Name of the secret", { type: "string" })] },
);
const testOperation = operation(
  TAG,
  `Send an event of the type \`endpoint.test\`; ${WANTS}`,
  { 202: json("OwedDelivery", "Its call is owed; see the endpoint's deliveries"), ...problems(401, 403, 404, 409, 503) },
  { operationId: "testWebhookEndpoint", parameters: [NAME] },
);
const deliveriesOperation = operation(
  TAG,
  `Calls of an endpoint, newest first, with the log of their tries; ${WANTS}`,
  { 200: json("WebhookDeliveries", "A page of them"), ...problems(400, 401, 403, 404, 503) },
  {
    operationId: "listWebhookDeliveries",
    parameters: [
      NAME,
      inQuery("state", "Only in this state", { enum: [...CALL_STATES] }),
      inQuery("limit", "Calls on a page", { type: "integer", minimum: 1, maximum: 500, default: 50 }),
      inQuery("after", "`next` of the page before", { type: "string" }),
    ],
  },
);
const replayOperation = operation(
  TAG,
  `Send a call again, however it ended; ${WANTS}`,
  { 202: json("OwedDelivery", "It is owed again, under the same id"), ...problems(401, 403, 404, 409, 503) },
  { operationId: "replayWebhookDelivery", parameters: [inPath("id", "Its id, as the list of deliveries shows it", { type: "string" })] },
);
