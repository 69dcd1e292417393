import { withLineFeeds } from "./bytes.ts";
import { decodeText } from "./charset/decode-text.ts";
import type { Part } from "./mime/part.ts";
import { bytesOf } from "./part-content.ts";
import type { ReportInput } from "./report/read-report.ts";

/** Of one part, bytes: reports stand in the beginning. */
const PART_BYTES = 256 * 1024;
const MOST_PARTS = 20;

/** The leaf parts that a report is read from; of parts that can be none of it, the type alone. */
export function reportParts(root: Part, hint: string | undefined): ReportInput["parts"] {
  const leaves: Part[] = [];
  const open = [root];
  for (let part = open.pop(); part && leaves.length < MOST_PARTS; part = open.pop()) {
    if (part.children.length === 0) leaves.push(part);
    else open.push(...part.children.toReversed());
  }
  return leaves.map((part) => ({ contentType: part.type, text: /^(?:text|message)\//.test(part.type) ? textOf(part, hint) : "" }));
}

function textOf(part: Part, hint: string | undefined): string {
  return withLineFeeds(decodeText(bytesOf(part, PART_BYTES).bytes, undefined, hint));
}
