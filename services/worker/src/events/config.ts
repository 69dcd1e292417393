import { integer } from "@openticket/runtime";
import type { z } from "zod";

/** The environment that concerns what becomes of events of webhooks. */
export const eventConfigFields = {
  WEBHOOK_MAPPING_PROCESSES: integer({ min: 1, max: 32, fallback: 2 }).describe(
    "Processes that evaluate the expressions of webhook sources; of several, one source never has all",
  ),
  WEBHOOK_MAPPING_TIMEOUT_MS: integer({ min: 10, max: 60_000, fallback: 500 }).describe(
    "How long the expressions of one event may take, ms; what takes longer is tried once more with three times that, then quarantined",
  ),
  WEBHOOK_MAPPING_MEMORY_MB: integer({ min: 32, max: 4096, fallback: 96 }).describe(
    "Memory of one process that evaluates expressions, MiB; an event that takes more is quarantined",
  ),
};

/** Checked values of {@link eventConfigFields}. */
export type EventConfig = z.output<z.ZodObject<typeof eventConfigFields>>;
