import { inHeader, inPath, json, operation, problems, ref } from "./parts.ts";

const NAME = inPath("name", "Name of the source, part of its URL", { type: "string" });
const TAG = "webhooks";
const WANTS = "wants the permission `managewebhooks`";

/** Without them no event that does not say so itself becomes a ticket. */
const OPENER = { deptid: 1, name: "Machine", email: "machine@example.test" };

const EXAMPLES = {
  signed: {
    summary: "Standard Webhooks, with a secret that is made here",
    value: { name: "billing", kind: "standard-webhooks", defaults: OPENER, generateSecret: true },
  },
  token: {
    summary: "Any JSON with a bearer token, its id in the body, and a mapping",
    value: {
      name: "monitoring",
      kind: "json",
      settings: { authentication: "bearer", idPointer: "/id" },
      secret: "a-long-random-token",
      mapping: { ticket: { deptid: "1", subject: "title", message: "details", name: "'Monitoring'", email: "'monitoring@example.test'" } },
      correlation: { key: "host", windowSeconds: 86_400, resolved: "state = 'ok'" },
    },
  },
  github: { summary: "GitHub, with the secret that its hook has", value: { name: "forge", kind: "github", defaults: OPENER, secret: "as-in-the-hook" } },
};

const body = (name: "NewWebhookSource" | "WebhookSourceDefinition" | "NewWebhookSecret", examples: object, isRequired = true) => ({
  requestBody: { required: isRequired, content: { "application/json": { schema: ref(name), examples } } },
});

/** The operations on sources of webhooks, and the calls of their providers. */
export function webhookSourcePaths() {
  return {
    "/webhooks/{source}": { post: callOperation, put: { ...callOperation, operationId: "callWebhookByPut" }, get: probeOperation },
    "/v1/webhook-sources": {
      get: operation(
        TAG,
        `All sources of webhooks, without their secrets; ${WANTS}`,
        { 200: json("WebhookSources", "By name"), ...problems(401, 403, 503) },
        { operationId: "listWebhookSources" },
      ),
      post: operation(
        TAG,
        `Set up a source; ${WANTS}`,
        { 201: json("WebhookSourceWithSecret", "Set up; its secret is shown this once"), ...problems(400, 401, 403, 409, 413, 422, 503) },
        { operationId: "createWebhookSource", ...body("NewWebhookSource", EXAMPLES) },
      ),
    },
    "/v1/webhook-sources/{name}": {
      get: operation(
        TAG,
        `A source, without its secrets; ${WANTS}`,
        { 200: json("WebhookSource", "The source; its ETag is for If-Match"), ...problems(401, 403, 404, 503) },
        { operationId: "getWebhookSource", parameters: [NAME] },
      ),
      put: operation(
        TAG,
        `Replace everything of a source but its name, its kind and its secrets; ${WANTS}`,
        { 200: json("WebhookSource", "As it is now"), ...problems(400, 401, 403, 404, 412, 413, 422, 503) },
        {
          operationId: "replaceWebhookSource",
          parameters: [NAME, inHeader("If-Match", "Replace only what has this ETag")],
          ...body("WebhookSourceDefinition", { disabled: { summary: "Turn it off", value: { kind: "github", isEnabled: false } } }),
        },
      ),
      delete: operation(
        TAG,
        `Remove a source with its secrets; ${WANTS}`,
        { 204: { description: "Removed" }, ...problems(401, 403, 404, 503) },
        { operationId: "removeWebhookSource", parameters: [NAME] },
      ),
    },
    "/v1/webhook-sources/{name}/secrets": {
      post: operation(
        TAG,
        `Give a source a further secret, or make one; ${WANTS}`,
        { 201: json("WebhookSourceWithSecret", "The secret is shown this once"), ...problems(400, 401, 403, 404, 412, 413, 422, 503) },
        {
          operationId: "addWebhookSecret",
          parameters: [NAME],
          ...body(
            "NewWebhookSecret",
            {
              given: { summary: "As the provider has it", value: { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } },
              made: { summary: "A new one; those before it are valid for a day", value: { expireOthersInSeconds: 86_400 } },
            },
            false,
          ),
        },
      ),
    },
    "/v1/webhook-sources/{name}/secrets/{id}": {
      delete: operation(
        TAG,
        `Take a secret away; ${WANTS}`,
        { 204: { description: "No longer valid, within seconds" }, ...problems(401, 403, 404, 412, 503) },
        { operationId: "removeWebhookSecret", parameters: [NAME, inPath("id", "As the source shows it", { type: "string" })] },
      ),
    },
  };
}

const SOURCE = inPath("source", "Name of a source", { type: "string" });

const callOperation = operation(
  TAG,
  "A call of a provider, authenticated in the way of its source's kind",
  {
    200: json("WebhookAnswer", "Stored, and told apart from other calls by its event's id; or genuine, and nothing that becomes a ticket"),
    ...Object.fromEntries(
      [400, 401, 403, 404, 406, 408, 413, 422].map((status) => [status, json("WebhookAnswer", "Refused, in the status that the provider goes by")]),
    ),
    503: json("WebhookAnswer", "Nothing was taken; see Retry-After"),
  },
  {
    operationId: "callWebhook",
    security: [],
    parameters: [SOURCE],
    requestBody: { required: true, content: { "*/*": {} }, description: "As the provider sends it" },
  },
);

const probeOperation = operation(
  TAG,
  "Whether there is such a source",
  { 200: { description: "There is" }, 404: json("WebhookAnswer", "There is none") },
  { operationId: "probeWebhook", security: [], parameters: [SOURCE] },
);
