import { isIP } from "node:net";

/** Settings that may stand in the query of the relay's URL, as nodemailer reads them. A misspelt one must not pass unseen. */
const SETTINGS = [
  "requireTLS",
  "ignoreTLS",
  "opportunisticTLS",
  "name",
  "localAddress",
  "servername",
  "tls.rejectUnauthorized",
  "tls.servername",
  "tls.minVersion",
  "tls.maxVersion",
  "tls.ciphers",
];
/** Settings that decide about STARTTLS: with one of them the operator has chosen. */
const TLS_CHOICES = ["requireTLS", "ignoreTLS", "opportunisticTLS"];

/** What is wrong with that relay URL and what would be right, or undefined. Never repeats the URL: it may hold a password. */
export function smtpUrlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return "expected a URL such as smtp://mail.example.com:587";
  const { protocol, hostname, searchParams } = new URL(text);
  if (protocol !== "smtp:" && protocol !== "smtps:") return "expected a URL that starts with smtp:// or smtps://";
  if (hostname === "") return "expected a host, such as in smtp://mail.example.com:587";
  const unknown = [...searchParams.keys()].find((key) => !SETTINGS.includes(key));
  if (unknown !== undefined) return `expected no setting but ${SETTINGS.join(", ")}`;
  return undefined;
}

/**
 * True when STARTTLS must not be left to the server's offer: whoever sits in between could remove the offer and read the
 * password. Not on this machine itself, and not where the URL has decided.
 */
export function mustUpgrade(smtpUrl: string): boolean {
  const { protocol, hostname, username, searchParams } = new URL(smtpUrl);
  const hasChosen = TLS_CHOICES.some((key) => searchParams.has(key));
  return protocol === "smtp:" && username !== "" && !hasChosen && !isThisMachine(hostname);
}

function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
