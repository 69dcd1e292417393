import { isIP } from "node:net";
import { flag, integer, list, networkList } from "@openticket/runtime";
import { z } from "zod";

const MINUTE_MS = 60_000;

/** `Name: value`. */
const verdict = z.string().transform((text, context) => {
  const [, name = "", value = ""] = /^([!-9;-~]+):\s*(\S.*)$/.exec(text.trim()) ?? [];
  if (name !== "") return { name: name.toLowerCase(), value: value.trim().toLowerCase() };
  context.addIssue({ code: "custom", message: "expected headers with their value, such as X-Spam-Flag: YES, separated by commas" });
  return z.NEVER;
});

/** An address, with a port or without. */
function isServer(text: string): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (port !== undefined && Number(port) > 65_535) return false;
  return isIP(text) === 6 || (bracketed === undefined ? isIP(plain ?? "") === 4 : isIP(bracketed) === 6);
}

/** The environment that concerns what an incoming mail means. */
export const mailConfigFields = {
  MAIL_AUTH: z
    .enum(["check", "headers", "off"])
    .default("check")
    .describe(
      "How the sender of a mail is verified: `check` SPF, DKIM and DMARC here (after `MAIL_TRUSTED_AUTHSERV_IDS`, where it has an answer), `headers`: only by those headers, `off`: nobody is verified",
    ),
  MAIL_TRUSTED_AUTHSERV_IDS: list().describe(
    "Servers whose Authentication-Results are believed, by the id that they begin with; they must remove such headers of strangers",
  ),
  MAIL_TRUSTED_ARC_SEALERS: list().describe("Domains of forwarders whose ARC seal is believed when it says that DMARC passed"),
  MAIL_TRUSTED_NETWORKS: networkList().describe("Networks of relays whose mails count as verified, such as an internal server where every sender is logged in"),
  MAIL_TRUST_LOGIN: flag(true).describe("A mail of a peer that has logged in (SMTP AUTH) counts as verified"),
  MAIL_DNS_SERVERS: list()
    .refine((servers) => servers.every(isServer), "expected addresses such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353, separated by commas")
    .describe("DNS servers for SPF, DKIM and DMARC, such as `192.0.2.53` or `192.0.2.53:5353`; unset: the system's"),
  MAIL_DNS_TIMEOUT_MS: integer({ min: 100, max: 30_000, fallback: 2000 }).describe("How long one question to the DNS may take, ms"),
  MAIL_AUTO_REPLIES: z
    .enum(["ignore", "ticket"])
    .default("ignore")
    .describe("What says that a machine wrote it (absence notes, receipts, alarms with `Auto-Submitted`): kept and ignored, or tickets without an answer"),
  MAIL_BULK: z.enum(["ticket", "ignore"]).default("ticket").describe("Mailing lists and mass mailings: tickets that are not answered, or kept and ignored"),
  MAIL_SPAM_HEADERS: list().pipe(z.array(verdict)).describe("Verdicts of a spam filter in front, such as `X-Spam-Flag: YES`: those mails are kept and ignored"),
  MAIL_BUDGET_WINDOW_MS: integer({ min: 1000, max: 86_400_000, fallback: 10 * MINUTE_MS }).describe("Window in which mails of one sender are counted, ms"),
  MAIL_SENDER_ANSWERED: integer({ min: 0, max: 100_000, fallback: 20 }).describe(
    "Mails of one sender in a window that are answered; further ones become tickets without an answer",
  ),
  MAIL_SENDER_MAX: integer({ min: 1, max: 100_000, fallback: 200 }).describe("Mails of one sender in a window; further ones are kept and ignored"),
  MAIL_TICKET_SENDER_MAX: integer({ min: 1, max: 100_000, fallback: 50 }).describe(
    "Mails of one sender to one ticket in a window; further ones are kept and ignored",
  ),
  MAIL_MUTE_HOURS: integer({ min: 1, max: 8760, fallback: 72 }).describe("How long nothing is sent to an address whose mail came back for good, hours"),
  MAIL_PARSER_THREADS: integer({ min: 1, max: 32, fallback: 4 }).describe("Threads that read mails"),
  MAIL_PARSER_TIMEOUT_MS: integer({ min: 100, max: 60_000, fallback: 5000 }).describe("How long the reading of one mail may take, ms; then it is quarantined"),
  MAIL_PARSER_MEMORY_MB: integer({ min: 32, max: 4096, fallback: 256 }).describe(
    "Memory of one thread that reads mails, MiB; a mail that takes more is quarantined",
  ),
};

/** Checked values of {@link mailConfigFields}. */
export type MailConfig = z.output<z.ZodObject<typeof mailConfigFields>>;
