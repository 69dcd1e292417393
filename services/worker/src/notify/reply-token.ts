import type { MailAddress } from "./address.ts";
import type { RenderedMail } from "./templates.ts";

/** How an answer finds its ticket where a mail program keeps no Message-IDs: by the address that it goes to, or by what it quotes. */

/** `support+t7.…@example.com`; longer than an address may be: without the token. */
export function withToken(to: MailAddress, token: string): MailAddress {
  const at = to.address.lastIndexOf("@");
  const local = `${to.address.slice(0, at)}+${token}`;
  return local.length > MAX_LOCAL_PART ? to : { ...to, address: `${local}${to.address.slice(at)}` };
}

/** Of RFC 5321, in characters. */
const MAX_LOCAL_PART = 64;

/** The mail with a small line at its end that names the ticket, in both forms; whatever the template. */
export function withMarker({ subject, text, html }: RenderedMail, token: string): RenderedMail {
  const marker = `[ref:${token}]`;
  const line = `<p style="margin:8px 0;font-size:11px;color:#9aa5b1;text-align:center">${marker}</p>\n`;
  const end = html.lastIndexOf("</body>");
  return { subject, text: `${text.trimEnd()}\n\n${marker}\n`, html: end === -1 ? html + line : html.slice(0, end) + line + html.slice(end) };
}
