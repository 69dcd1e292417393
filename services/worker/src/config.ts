import { PRIORITIES, TICKET_STATUSES } from "@openticket/contract";
import { commonConfigFields, integer, list, wholeNumber } from "@openticket/runtime";
import { z } from "zod";
import { eventConfigFields } from "./events/config.ts";
import { eventsOutConfigFields } from "./events-out/config.ts";
import { mailConfigFields } from "./mail/config.ts";
import { notifyConfigFields } from "./notify/config.ts";
import { maskFault } from "./pipeline/numbers.ts";

/** Bytes in a MiB. */
const MIB = 1024 * 1024;
/** A request may wait in the queue for so long before its files count as nobody's, days: longer than any outage should last. */
export const FILE_WAITS_DAYS = 7;

/** A zone that this platform knows. */
function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** The worker's environment. */
export const workerConfig = z.object({
  ...commonConfigFields,
  ...notifyConfigFields,
  ...mailConfigFields,
  ...eventsOutConfigFields,
  ...eventConfigFields,
  WORKER_CONCURRENCY: integer({ min: 1, max: 2000, fallback: 400 }).describe("Commands in hand at once; what is in hand is written together"),
  WORKER_LOCK_MS: integer({ min: 1000, max: 600_000, fallback: 30_000 }).describe("How long a silent worker keeps a job before another takes it, ms"),
  TICKET_MASK: z
    .string()
    .superRefine((mask, context) => {
      const fault = maskFault(mask);
      if (fault) context.addIssue({ code: "custom", message: fault });
    })
    .default("%n%n%n%n%n%n")
    .describe("Shape of ticket numbers: `%A` `%a` letter, `%n` digit, `%y` `%m` `%d` date, `%i` id"),
  TICKET_PRIORITY_DEFAULT: z.enum(PRIORITIES).default("Medium").describe("Priority where none, or none that exists, is given"),
  TICKET_STATUSES: list().describe(`Statuses of tickets beside ${TICKET_STATUSES.join(", ")}, separated by commas`),
  TIME_ZONE: z
    .string()
    .refine(isTimeZone, "expected a zone such as UTC or Europe/Berlin")
    .default("UTC")
    .describe("Zone of times that are given without an offset"),
  RECEIPT_RETENTION_DAYS: integer({ min: 1, max: 3650, fallback: 30 }).describe("How long it is kept that a decided request was accepted, for the audit, days"),
  REJECTION_RETENTION_DAYS: integer({ min: 1, max: 3650, fallback: 30 }).describe("How long rejections are kept, days"),
  INBOUND_CONTENT_RETENTION_DAYS: wholeNumber({ min: FILE_WAITS_DAYS, max: 3650 })
    .optional()
    .describe("How long raw mails and bodies of webhook calls are kept after they were decided, days; unset: for ever"),
  ATTACHMENT_MAX_COUNT: integer({ min: 0, max: 50, fallback: 20 }).describe("Files of one ticket"),
  ATTACHMENT_MAX_BYTES: integer({ min: 0, max: 1024 * MIB, fallback: 32 * MIB }).describe("Size of one file, bytes"),
  ATTACHMENT_MAX_TOTAL_BYTES: integer({ min: 0, max: 2048 * MIB, fallback: 64 * MIB }).describe("Size of all files of one ticket, bytes"),
  ATTACHMENT_EXTENSIONS: list().describe("File name extensions that are allowed, such as `pdf,png,txt`; unset: all"),
  METRICS_HOST: z.string().default("127.0.0.1").describe("Where `/metrics`, `/healthz` and `/readyz` of a worker listen"),
  METRICS_PORT: integer({ min: 0, max: 65_535, fallback: 9464 }).describe("Their port; 0: any"),
});
export type WorkerConfig = z.output<typeof workerConfig>;
