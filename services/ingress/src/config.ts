import { commonConfigFields, flag, integer, list, networkList, url } from "@openticket/runtime";
import { webhookConfigFields } from "@openticket/webhooks";
import { z } from "zod";

/** Bytes in a MiB. */
const MIB = 1024 * 1024;

/** What is made of one message for several mailboxes; every door has to say the same. */
function sameMail() {
  return z
    .enum(["each", "shared"])
    .default("each")
    .describe("One message for several mailboxes: a ticket for each, also where they are of one department, or one in all, for the first that is named");
}

/** The HTTP door's environment. */
export const httpConfig = z.object({
  ...commonConfigFields,
  HTTP_HOST: z.string().default("127.0.0.1").describe("Address that the HTTP door listens on"),
  HTTP_PORT: integer({ min: 0, max: 65_535, fallback: 8080 }).describe("Its port; 0: any"),
  HTTP_ALLOW_GET: flag(false).describe("Serve the API call by GET as well; its URL then holds the secret"),
  HTTP_ALLOWED_IPS: networkList().describe("Addresses and CIDR ranges that may call; unset: all"),
  HTTP_ACCESS_KEYS: list().describe("Access keys that excuse an address that is not allowed"),
  HTTP_TRUSTED_PROXIES: networkList().describe("Proxies whose `X-Forwarded-For` is believed"),
  HTTP_PUBLIC_URL: url(["http", "https"], "https://tickets.example.com")
    .optional()
    .describe(
      "Where the door is reached from outside, behind a proxy: it is shown as the address of webhooks, and some providers sign it; unset: as a call says",
    ),
  ...webhookConfigFields,
  WEBHOOK_MEMORY_BYTES: integer({ min: 1024, max: 16_384 * MIB, fallback: 448 * MIB }).describe(
    "Memory that calls of webhooks may take at once, all together, bytes: five times their bodies; beyond it they get 503, one that is alone never does",
  ),
  WEBHOOK_BODY_TIMEOUT_MS: integer({ min: 100, max: 600_000, fallback: 60_000 }).describe("How long the body of a webhook may take to come in, ms"),
  WEBHOOK_MAX_MAIL_BYTES: integer({ min: 1024, max: 1024 * MIB, fallback: 64 * MIB }).describe("Size of a mail that a webhook brings, bytes"),
  MAIL_SAME_MAIL: sameMail(),
  WEBHOOK_MAX_HOPS: integer({ min: 1, max: 1000, fallback: 50 }).describe("Received headers of a mail that a webhook brings; more are a loop"),
  HTTP_REPLY_TIMEOUT_MS: integer({ min: 100, max: 300_000, fallback: 25_000 }).describe("How long a call waits for its ticket before it answers 503, ms"),
  HTTP_ASYNC_DURABILITY: z
    .enum(["store", "queue"])
    .default("store")
    .describe("What a 202 rests on: `store`, MongoDB first, outlives the loss of Redis; `queue`, Redis alone, is cheaper"),
  HTTP_MAX_QUEUE_DEPTH: integer({ min: 1, max: 100_000_000, fallback: 200_000 }).describe(
    "Waiting requests at which the door answers 503; one takes about 1.5 kB of Redis",
  ),
  HTTP_MAX_BODY_BYTES: integer({ min: 1024, max: 2048 * MIB, fallback: 128 * MIB }).describe(
    "Size of a body as sent, bytes; base64 in a form makes a file nearly twice as large",
  ),
  HTTP_MAX_FIELD_BYTES: integer({ min: 1024, max: 64 * MIB, fallback: 8 * MIB }).describe("Size of all text parameters of one call together, bytes"),
  HTTP_UNADMITTED_MEMORY_BYTES: integer({ min: 1024, max: 16_384 * MIB, fallback: 128 * MIB }).describe(
    "Memory that calls at api.php may take at once, all together, before it is known who calls, bytes: three times their text, the query and names of fields included, 360 for each key in those, and up to 512 KiB of each file; beyond it they get 503, but not those whose credentials came first, nor one that is alone, nor the first 192 KiB of each",
  ),
  ATTACHMENT_MAX_COUNT: integer({ min: 0, max: 50, fallback: 20 }).describe("Files of one ticket"),
  ATTACHMENT_MAX_BYTES: integer({ min: 0, max: 1024 * MIB, fallback: 32 * MIB }).describe("Size of one file, bytes"),
  ATTACHMENT_MAX_TOTAL_BYTES: integer({ min: 0, max: 2048 * MIB, fallback: 64 * MIB }).describe("Size of all files of one ticket, bytes"),
  ATTACHMENT_EXTENSIONS: list().describe("File name extensions that are allowed, such as `pdf,png,txt`; unset: all"),
  API_CREDENTIALS: list()
    .refine((pairs) => pairs.every((pair) => /^[^:]+:.+$/.test(pair)), "expected identifier:secret[,identifier:secret]")
    .describe("Credentials beside those in MongoDB, `identifier:secret[,identifier:secret]`, with all permissions"),
  API_CREDENTIALS_ADMIN: z.string().optional().describe("Username of the admin behind these credentials"),
});
export type HttpConfig = z.output<typeof httpConfig>;
