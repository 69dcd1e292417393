import type { SourceManager, SourceStore } from "@openticket/webhooks";
import type { AcceptDeps } from "../../intake/accept.ts";
import type { MakeCommandDeps } from "../../intake/make-command.ts";
import type { MemoryBudget } from "../../intake/memory-budget.ts";
import type { CommandQueue, InboundReader, StagingStore, TicketReader } from "../../intake/ports.ts";
import type { StatusDeps } from "../../intake/request-status.ts";
import type { AdmitDeps } from "./api-php/admit.ts";
import type { BodyLimits } from "./body/read-body.ts";
import type { WebhookEndpointsDeps } from "./rest/webhook-endpoint-deps.ts";

/** What setting up sources of webhooks needs. */
export interface WebhookSourcesDeps {
  store: Pick<SourceStore, "find" | "all" | "remove">;
  manager: SourceManager;
  /** Where the door is reached from outside; unset: as the request says. */
  publicUrl: string | undefined;
}

/** Everything that the HTTP door's routes need. */
export interface HttpDeps extends AdmitDeps, MakeCommandDeps, AcceptDeps, Pick<StatusDeps, "isReceiptOnItsWay"> {
  queue: CommandQueue;
  tickets: TicketReader;
  inbound: InboundReader;
  webhookSources: WebhookSourcesDeps;
  webhookEndpoints: WebhookEndpointsDeps;
  /** Throws Overloaded when nothing more can be taken. */
  gate(): Promise<void>;
  blobs: StagingStore;
  /** Memory for all calls of the classic API of which it is not known yet who calls. */
  unadmitted: MemoryBudget;
  bodyLimits: BodyLimits;
  allowGet: boolean;
  /** The header that tells a caller when to come back. */
  retryAfter(): { "retry-after": string };
}
