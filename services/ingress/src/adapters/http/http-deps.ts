import type { AcceptDeps } from "../../intake/accept.ts";
import type { MakeCommandDeps } from "../../intake/make-command.ts";
import type { BlobStore, CommandQueue, InboundReader, TicketReader } from "../../intake/ports.ts";
import type { AdmitDeps } from "./api-php/admit.ts";
import type { BodyLimits } from "./body/read-body.ts";
import type { WebhookSourcesDeps } from "./rest/webhook-sources.ts";

/** Everything that the HTTP door's routes need. */
export interface HttpDeps extends AdmitDeps, MakeCommandDeps, AcceptDeps {
  queue: CommandQueue;
  tickets: TicketReader;
  inbound: InboundReader;
  webhookSources: WebhookSourcesDeps;
  /** Throws Overloaded when nothing more can be taken. */
  gate(): Promise<void>;
  blobs: BlobStore;
  bodyLimits: BodyLimits;
  allowGet: boolean;
  hasAccessKeys: boolean;
  /** The header that tells a caller when to come back. */
  retryAfter(): { "retry-after": string };
}
