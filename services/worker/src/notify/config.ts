import { domainToASCII } from "node:url";
import { integer, url } from "@openticket/runtime";
import { z } from "zod";
import { parseMailAddress, sendableAddress } from "./address.ts";
import { smtpUrlFault } from "./smtp-url.ts";

const sender = z.string().transform((text, context) => {
  const parsed = parseMailAddress(text);
  if (parsed) return parsed;
  context.addIssue({ code: "custom", message: "expected an address such as Support <support@example.com>" });
  return z.NEVER;
});

/** The environment that concerns notification mail. */
export const notifyConfigFields = {
  SMTP_URL: z
    .string()
    .superRefine((text, context) => {
      const fault = smtpUrlFault(text);
      if (fault) context.addIssue({ code: "custom", message: fault });
    })
    .optional()
    .describe(
      "Mail relay: `smtp://` (with STARTTLS where offered, required with credentials unless the relay is on this machine, `localhost`, `127.…` or `::1`) or `smtps://`, such as `smtps://user:password@mail.example.com`; unset: mails are files under `DATA_DIR/sent`",
    ),
  MAIL_FROM: sender
    .optional()
    .describe("Sender of mails of departments without an address of their own, such as `Support <support@example.com>`; unset: `support@` the `MAIL_DOMAIN`"),
  MAIL_DOMAIN: z
    .string()
    .refine((text) => sendableAddress(`postmaster@${text}`) !== undefined, "expected a domain such as example.com")
    .transform((text) => domainToASCII(text))
    .default("openticket.localhost")
    .describe("Domain in the Message-IDs of mails"),
  MAIL_BOUNCE_ADDRESS: z
    .string()
    .refine((text) => text === "<>" || sendableAddress(text) !== undefined, "expected an address such as bounces@example.com, or <>")
    .transform((text) => (text === "<>" ? "" : (sendableAddress(text) ?? "")))
    .optional()
    .describe("Envelope sender, which gets the bounces; `<>`: the null sender, nobody gets them; unset: the department's address, else that of `MAIL_FROM`"),
  MAIL_TOKEN_SECRET: z
    .string()
    .min(16, "expected at least 16 characters")
    .optional()
    .describe("Key of Message-IDs and loop tokens, the same for all workers; unset: made once and kept in MongoDB"),
  MAIL_REPLY_TOKEN: z
    .enum(["none", "plus"])
    .default("none")
    .describe("`plus`: the Reply-To of our mails names the ticket (`support+t7.…@`), for mail servers that deliver such addresses"),
  MAIL_TEMPLATE_DIR: z
    .string()
    .optional()
    .describe("Directory of templates of your own, `<template>.<subject|text|html>.eta`. They are code: only the program's owner may write there"),
  MAIL_MESSAGE_MAX_CHARS: integer({ min: 1000, max: 500_000, fallback: 50_000 }).describe("Longest part of a ticket's message that a mail shows, characters"),
  MAIL_MAX_CONNECTIONS: integer({ min: 1, max: 100, fallback: 5 }).describe("Connections to the relay at once"),
  MAIL_MAX_MESSAGES_PER_CONNECTION: integer({ min: 1, max: 100_000, fallback: 100 }).describe("Mails over one connection before it is renewed"),
  MAIL_MAX_PER_SECOND: integer({ min: 0, max: 100_000, fallback: 0 }).describe("Mails to the relay a second and worker; 0: no limit"),
  MAIL_CONNECT_TIMEOUT_MS: integer({ min: 100, max: 40_000, fallback: 10_000 }).describe(
    "How long the relay has for the connection, and again for its greeting, ms",
  ),
  MAIL_SOCKET_TIMEOUT_MS: integer({ min: 100, max: 40_000, fallback: 30_000 }).describe("How long the relay may be silent, ms"),
  MAIL_SEND_TIMEOUT_MS: integer({ min: 100, max: 40_000, fallback: 40_000 }).describe("How long one mail may take in all, ms"),
  CLIENT_AREA_URL: url(["http", "https"], "https://www.example.com/clients")
    .default("http://127.0.0.1:8080")
    .describe("Where the client area is; mails link to its `viewticket.php`"),
  DATA_DIR: z.string().default(".data").describe("Where files are kept that belong to no database"),
};
/** Checked values of {@link notifyConfigFields}. */
export type NotifyConfig = z.output<z.ZodObject<typeof notifyConfigFields>>;
