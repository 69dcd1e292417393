import type { WebhookCallRecord, WebhookEndpoint } from "@openticket/contract";
import type { EndpointManager } from "@openticket/webhooks";

/** What setting up endpoints needs. */
export interface WebhookEndpointsDeps {
  manager: EndpointManager;
  store: {
    all(): Promise<WebhookEndpoint[]>;
    find(name: string): Promise<WebhookEndpoint | undefined>;
  };
  calls: {
    list(filter: { endpoint: string; state?: WebhookCallRecord["state"] | undefined; limit: number; after?: string | undefined }): Promise<WebhookCallRecord[]>;
  };
}
