import { integer, networkList } from "@openticket/runtime";
import { secretKeysFault } from "@openticket/webhooks";
import { z } from "zod";

/** The part of the worker's environment that calls to endpoints need. */
export const eventsOutConfigFields = {
  SECRETS_KEY: z
    .string()
    .superRefine((keys, context) => {
      const message = secretKeysFault(keys);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .optional()
    .describe("Key that the secrets of webhooks are sealed with in MongoDB, base64 of 32 bytes; several separated by commas: the first seals, all open"),
  EVENTS_ALLOWED_NETWORKS: networkList().describe("Addresses and CIDR ranges beside the public internet that endpoints may be in, by http as well"),
  EVENTS_MAX_IN_FLIGHT: integer({ min: 1, max: 1000, fallback: 64 }).describe(
    "Calls to endpoints that may wait for answers at once, beside one of each endpoint that is always its own",
  ),
  EVENTS_RETENTION_DAYS: integer({ min: 1, max: 3650, fallback: 30 }).describe("How long calls that have ended are kept, for their log and for replays, days"),
};
const eventsOutConfig = z.object(eventsOutConfigFields);
export type EventsOutConfig = z.output<typeof eventsOutConfig>;
