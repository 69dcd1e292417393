import { INBOUND_STATES } from "@openticket/contract";
import { inPath, json, operation, problems } from "./parts.ts";

const inQuery = (name: string, description: string, schema: object) => ({ name, in: "query", required: false, description, schema });

/** The operations on messages that came in. */
export function inboundPaths() {
  return {
    "/v1/inbound/{id}": {
      get: operation(
        "inbound",
        "What became of a message that came in; wants the permission `getinbound`",
        { 200: json("Inbound", "Its state, the reason, the ticket, and every rule that was asked"), ...problems(401, 403, 404, 503) },
        { operationId: "getInbound", parameters: [inPath("id", "As its sender was told, `inb_` and 32 hex digits", { type: "string" })] },
      ),
    },
    "/v1/inbound": {
      get: operation(
        "inbound",
        "Messages that came in, newest first; wants the permission `getinbound`",
        { 200: json("InboundPage", "A page of them"), ...problems(400, 401, 403, 503) },
        {
          operationId: "listInbound",
          parameters: [
            inQuery("mailbox", "Only of this mailbox", { type: "string" }),
            inQuery("source", "Only by this source of webhooks", { type: "string" }),
            inQuery("state", "Only in this state", { enum: [...INBOUND_STATES] }),
            inQuery("limit", "Messages on a page", { type: "integer", minimum: 1, maximum: 500, default: 50 }),
            inQuery("after", "`next` of the page before", { type: "string" }),
          ],
        },
      ),
    },
  };
}
