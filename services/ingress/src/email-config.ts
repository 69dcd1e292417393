import { isIP } from "node:net";
import { commonConfigFields, integer, list, networkList } from "@openticket/runtime";
import { z } from "zod";
import { httpConfig } from "./config.ts";

/** Bytes in a MiB. */
const MIB = 1024 * 1024;
const LOOPBACK = ["127.0.0.0/8", "::1"];

const optionalPort = () => integer({ min: 0, max: 65_535, fallback: 0 }).removeDefault().optional();
const perMinute = (fallback: number) => integer({ min: 0, max: 1_000_000, fallback });
const addresses = () =>
  list().refine((items) => items.every((item) => isIP(item) !== 0), "expected addresses such as 192.0.2.1 or 2001:db8::1, separated by commas");

/** The email door's environment. */
export const emailConfig = z.object({
  ...commonConfigFields,
  SMTP_HOST: z.string().default("127.0.0.1").describe("Address that the SMTP door listens on"),
  SMTP_PORT: integer({ min: 0, max: 65_535, fallback: 2525 }).describe("Its port; 0: any"),
  SMTPS_PORT: optionalPort().describe("Port with TLS from the first byte, on `SMTP_HOST`; unset: none"),
  LMTP_HOST: z.string().default("127.0.0.1").describe("Address that the LMTP door listens on, for your own mail server"),
  LMTP_PORT: optionalPort().describe("Its port; unset: none"),
  LMTP_SOCKET: z.string().optional().describe("Path of a socket file that LMTP listens on as well"),
  SMTP_NAME: z.string().optional().describe("Host name in the greeting; unset: this machine's"),
  SMTP_TLS_CERT: z.string().optional().describe("File with the certificate and its chain, PEM; with it STARTTLS is offered"),
  SMTP_TLS_KEY: z.string().optional().describe("File with its private key, PEM"),
  SMTP_AUTH: z
    .enum(["off", "optional", "required"])
    .default("off")
    .describe("Logins with API credentials that have the permission `sendmail`; they need TLS. `required`: nobody else hands mail over"),
  SMTP_PROXY_HOSTS: addresses().describe("Proxies whose every connection begins with a PROXY header (version 1)"),
  SMTP_XCLIENT_HOSTS: addresses().describe("Mail servers whose XCLIENT is believed: their mail counts as their clients'"),
  SMTP_RELAYS: networkList(LOOPBACK).describe("Addresses and ranges without limits by address: your own mail servers"),
  SMTP_MAX_MESSAGE_BYTES: integer({ min: 1024, max: 1024 * MIB, fallback: 64 * MIB }).describe("Size of a message as sent, bytes; larger ones get 552"),
  SMTP_MAX_RECIPIENTS: integer({ min: 1, max: 10_000, fallback: 100 }).describe("Recipients of one message"),
  SMTP_MAX_HOPS: integer({ min: 1, max: 1000, fallback: 50 }).describe("Received headers of a message; more are a loop and get 554"),
  SMTP_MAX_CONNECTIONS: integer({ min: 1, max: 100_000, fallback: 500 }).describe("Connections at once"),
  SMTP_CONNECTIONS_PER_IP: perMinute(20).describe("Connections of one address at once; 0: any"),
  SMTP_CONNECTIONS_PER_MINUTE: perMinute(120).describe("Connections of one address in a minute; 0: any"),
  SMTP_MESSAGES_PER_MINUTE: perMinute(240).describe("Messages of one address in a minute; 0: any"),
  SMTP_FAILED_LOGINS_PER_MINUTE: perMinute(10).describe("Wrong logins from one address in a minute; 0: any"),
  SMTP_IDLE_TIMEOUT_MS: integer({ min: 100, max: 3_600_000, fallback: 300_000 }).describe("How long a peer may be silent, ms"),
  SMTP_MESSAGE_TIMEOUT_MS: integer({ min: 100, max: 7_200_000, fallback: 900_000 }).describe("How long one message may take to come in, ms"),
  SMTP_SESSION_TIMEOUT_MS: integer({ min: 100, max: 86_400_000, fallback: 3_600_000 }).describe("How long a connection may last, ms"),
  SMTP_MIN_BYTES_PER_SECOND: integer({ min: 0, max: MIB, fallback: 128 }).describe("Slowest pace of a message after half a minute; 0: any"),
  SMTP_MAX_QUEUE_DEPTH: integer({ min: 1, max: 100_000_000, fallback: 200_000 }).describe("Waiting requests at which the door answers 451"),
  MAIL_SAME_MAIL: httpConfig.shape.MAIL_SAME_MAIL,
  IMAP_ACCOUNTS_FILE: z.string().optional().describe("JSON file with the IMAP accounts that mail is fetched from; see [email](email.md)"),
  IMAP_URLS: list().describe("Accounts in short, such as `imaps://user:password@host/INBOX?mailbox=support@example.test&after=move:Done`, separated by commas"),
  IMAP_SWEEP_MS: integer({ min: 500, max: 3_600_000, fallback: 60_000 }).describe("How often a folder is looked through beside what its server reports, ms"),
  IMAP_LEASE_MS: integer({ min: 1000, max: 600_000, fallback: 30_000 }).describe(
    "After this time without a word of its reader another process reads a folder, ms",
  ),
  IMAP_SOCKET_TIMEOUT_MS: integer({ min: 1000, max: 600_000, fallback: 60_000 }).describe("How long an IMAP server may be silent, ms"),
  API_CREDENTIALS: httpConfig.shape.API_CREDENTIALS,
  API_CREDENTIALS_ADMIN: httpConfig.shape.API_CREDENTIALS_ADMIN,
  METRICS_HOST: z.string().default("127.0.0.1").describe("Where `/metrics`, `/healthz` and `/readyz` of an email door listen"),
  METRICS_PORT: integer({ min: 0, max: 65_535, fallback: 9465 }).describe("Their port; 0: any"),
});
export type EmailConfig = z.output<typeof emailConfig>;
