import { commonConfigFields, flag, integer } from "@openticket/runtime";
import { z } from "zod";

/** What `npm start` reads beside the services' own variables; without URLs it brings its own databases. */
export const standaloneConfig = z.object({
  DATA_DIR: z.string().default(".data").describe("Folder of the embedded databases, generated credentials and mails without a relay"),
  HTTP_HOST: z.string().default("127.0.0.1").describe("Address that the HTTP door listens on"),
  HTTP_PORT: integer({ min: 0, max: 65_535, fallback: 8080 }).describe("Its port; 0: any"),
  SMTP_HOST: z.string().default("127.0.0.1").describe("Address that the email door listens on"),
  SMTP_PORT: integer({ min: 0, max: 65_535, fallback: 2525 }).describe("Its port; 0: any"),
  MONGODB_URL: z.string().optional().describe("A MongoDB replica set to use instead of the embedded one"),
  REDIS_URL: z.string().optional().describe("A Redis or Valkey to use instead of the embedded one"),
  API_CREDENTIALS: z.string().optional().describe("`identifier:secret[,identifier:secret]`; unset: generated once and kept in `DATA_DIR`"),
  SECRETS_KEY: z
    .string()
    .optional()
    .describe("Key that the secrets of webhooks are sealed with, base64 of 32 bytes; unset: generated once and kept in `DATA_DIR`"),
  EXAMPLE_DATA: flag(true).describe("Put example departments, clients and staff into an empty store"),
  OPENTICKET_CACHE_DIR: z.string().optional().describe("Folder of downloaded database programs; unset: the user's cache folder"),
  LOG_LEVEL: commonConfigFields.LOG_LEVEL.removeDefault().default("warn").describe("How much is logged"),
  DRAIN_TIMEOUT_MS: commonConfigFields.DRAIN_TIMEOUT_MS,
});
export type StandaloneConfig = z.output<typeof standaloneConfig>;
