import { withLineFeeds } from "./bytes.ts";
import { decodeText } from "./charset/decode-text.ts";
import { parameter } from "./mime/parameters.ts";
import type { Part } from "./mime/part.ts";
import { bytesOf } from "./part-content.ts";
import { unflow } from "./text/flowed.ts";

/** `isCut`: there is more of it than was read. */
export interface PartText {
  text: string;
  isCut: boolean;
}

/** How far HTML's own word on its charset is looked for, bytes. */
const META_BYTES = 2048;

/** Text of a text part, with "\n" at line ends, flowed lines joined; HTML as its source. */
export function textOfPart(part: Part, hint: string | undefined, maxBytes: number): PartText {
  const { bytes, isCut } = bytesOf(part, maxBytes);
  const label = parameter(part.contentType, "charset") ?? (part.type === "text/html" ? charsetInHtml(bytes) : undefined);
  const text = withLineFeeds(decodeText(bytes, label, hint));
  const isFlowed = part.type === "text/plain" && parameter(part.contentType, "format")?.trim().toLowerCase() === "flowed";
  const delSp = parameter(part.contentType, "delsp")?.trim().toLowerCase() === "yes";
  return { text: isFlowed ? unflow(text, { delSp }) : text, isCut };
}

function charsetInHtml(bytes: Buffer): string | undefined {
  return /<meta[^>]{1,200}?charset\s{0,5}=\s{0,5}["']?([\w:.-]{2,40})/i.exec(bytes.toString("latin1", 0, META_BYTES))?.[1];
}
