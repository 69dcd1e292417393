import type { Defects } from "./defects.ts";
import { parseAddresses } from "./mime/addresses.ts";
import { parseDate } from "./mime/date.ts";
import type { RawHeader } from "./mime/header-block.ts";
import { headerText } from "./mime/header-text.ts";
import { messageIds } from "./mime/message-ids.ts";
import { MAX_REFERENCES, type MailAddress, type UnderstoodMail } from "./understood-mail.ts";

type Envelope = Pick<
  UnderstoodMail,
  "messageId" | "inReplyTo" | "references" | "date" | "subject" | "from" | "sender" | "replyTo" | "to" | "cc" | "deliveredTo" | "returnPath" | "headers"
>;

/** Headers that may stand in a message once. */
const SINGLE = ["from", "subject", "date", "message-id", "to", "reply-to", "sender"];

/** What the headers of a message say, as far as it can be read. `hint`: charset for raw eight-bit bytes. */
export function readEnvelope(raw: readonly RawHeader[], hint: string | undefined, defects: Defects): Envelope {
  const all = (name: string) => raw.filter((header) => header.name === name).map(({ value }) => value);
  const first = (name: string) => all(name).find((value) => value !== "");
  const addresses = (name: string) => all(name).flatMap((value) => parseAddresses(value, hint));
  for (const name of SINGLE) if (all(name).length > 1) defects.note(`it has several ${name} headers`);
  const returnPath = all("return-path")[0];
  const date = first("date");
  return {
    headers: raw.map(({ name, value }) => [name, headerText(value, hint)] as const),
    messageId: messageIds(first("message-id") ?? "")[0],
    inReplyTo: messageIds(all("in-reply-to").join(" ")).slice(0, MAX_REFERENCES),
    // The latest are the nearest.
    references: messageIds(all("references").join(" ")).slice(-MAX_REFERENCES),
    date: date === undefined ? undefined : parseDate(date),
    subject: headerText(first("subject") ?? "", hint),
    from: addresses("from"),
    sender: addresses("sender")[0],
    replyTo: addresses("reply-to"),
    to: addresses("to"),
    cc: addresses("cc"),
    deliveredTo: [...new Set(["delivered-to", "x-original-to", "envelope-to"].flatMap(addresses).map(({ address }) => address.toLowerCase()))],
    returnPath: returnPath === undefined ? undefined : bareAddress(parseAddresses(returnPath, hint)),
  };
}

function bareAddress(addresses: readonly MailAddress[]): string {
  return addresses[0]?.address ?? "";
}
