import { withoutAddresses } from "./clean-text.ts";

/**
 * Whom a refusal (5xx) to RCPT TO or DATA is about: this recipient or this message, or us.
 *
 * Problem: relays say "550 5.7.1" of spam, of a recipient whom nobody may write to, and of our own host on a block list.
 * Choice: what names the recipient's mailbox decides first, then the codes of RFC 3463 and its registry that are about the
 * sender's host, domain or credentials, then words. The errors differ: a mail that is tried again in vain costs fifteen tries,
 * one that is given up because our host is listed is lost with all others of that hour. So what may be about us waits, and
 * spam, viruses and mailboxes alone are final.
 */

/** Of the destination: bad mailbox, system or syntax, moved, null MX; disabled, full, too small, a list's; a group's rules. */
const RECIPIENT_CODE = /^5\.(1\.([1-6]|9|10)|2\.[1-4]|7\.(2|1(2[3-9]|3[0-6])|50[457]))$/;
/** Sender's address; system of the relay, but not size; authentication, encryption; SPF, DKIM, DMARC, reverse DNS, floods; bans by Microsoft. */
const OUR_CODE = /^5\.(1\.[78]|3\.[1235]|7\.([89]|1[0-4]|2[0-9]|57|60|64|5(?!12)\d\d|[67]\d\d))$/;
/** Routing, and the relay's own state: unless words say that it is the recipient. */
const ROUTING_CODE = /^5\.(3\.0|4\.\d+)$/;
const SENDER_REFUSED = /\bsender (address )?(is )?(rejected|denied|refused|blocked|banned|not)\b|\bsender verify failed\b|\bsend as\b|\bbanned send/i;
/** "User unknown in relay recipient table" is about the user. */
const RECIPIENT_WORDS =
  /\b(no such|unknown|invalid|non-?existent) (user|recipient|mailbox|address|account)|(?<!\b(ip|your|client) )\b(user|recipient|mailbox|address|account)\b.{0,40}\b(unknown|not found|not exist|disabled|inactive|over quota|full)\b/i;
const OUR_WORDS = [
  /\b(black|block|deny) ?-?(list|hole)|\b(dns|rh?s)?bls?\b|\brbls?\b|\bblocked using\b|\blisted (by|in|at|on)\b/i,
  /\b(spamhaus|spamcop|barracuda|sorbs|uceprotect|invaluement|senderscore|abuseat)/i,
  /\breputation\b|\b(client|sending|your|our|remote) (host|server|ips?|mta|domain|network)\b|\bthis (host|server|ip)\b|\bip (address )?(is |has been )?(blocked|banned|denied|listed)/i,
  /\breverse dns\b|\brdns\b|\bptr\b|\b[eh][eh]lo\b|\bspf\b|\bdkim\b|\bdmarc\b|\bstarttls\b/i,
  /\bauthenticat|\bnot logged in\b|\bcredentials\b|\brelay(ing)?\b/i,
  /\btoo many (messages|e?mails|connections)|\brate ?-?limit|\bthrottl|\b(sending|daily|hourly) (limit|quota)/i,
];
const RECIPIENT_REFUSED = /\brecipient (address )?(was )?(rejected|refused|denied)/i;
const MESSAGE_WORDS = /\b(spam|junk|unsolicited|virus|malware|phish\w*|infected|content|attachments?|message|e?mail|urls?|links?)\b/i;
const BLOCKED_WORDS = /\bblock(ed|ing)?\b|\baccess denied\b/i;

/** See the head of the file. */
export function isAboutUs(response: string): boolean {
  const words = withoutAddresses(response);
  const code = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? "";
  if (RECIPIENT_CODE.test(code)) return false;
  if (OUR_CODE.test(code) || SENDER_REFUSED.test(words)) return true;
  if (RECIPIENT_WORDS.test(words)) return false;
  if (OUR_WORDS.some((pattern) => pattern.test(words))) return true;
  if (RECIPIENT_REFUSED.test(words)) return false;
  return ROUTING_CODE.test(code) || (BLOCKED_WORDS.test(words) && !MESSAGE_WORDS.test(words));
}
