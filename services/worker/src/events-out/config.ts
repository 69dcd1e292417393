import { integer } from "@openticket/runtime";
import { webhookConfigFields } from "@openticket/webhooks";
import { z } from "zod";

/** The part of the worker's environment that calls to endpoints need. */
export const eventsOutConfigFields = {
  ...webhookConfigFields,
  EVENTS_MAX_IN_FLIGHT: integer({ min: 1, max: 1000, fallback: 64 }).describe(
    "Calls to endpoints that may wait for answers at once, beside one of each endpoint that is always its own",
  ),
  EVENTS_RETENTION_DAYS: integer({ min: 1, max: 3650, fallback: 30 }).describe("How long calls that have ended are kept, for their log and for replays, days"),
};
const eventsOutConfig = z.object(eventsOutConfigFields);
export type EventsOutConfig = z.output<typeof eventsOutConfig>;
