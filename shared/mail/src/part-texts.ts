import type { Defects } from "./defects.ts";
import { MAX_TEXT_BYTES } from "./limits.ts";
import type { Part } from "./mime/part.ts";
import { textOfPart } from "./text-of-part.ts";

/** Texts of a message's parts, each decoded once, all together within {@link MAX_TEXT_BYTES} of each kind. */
export interface PartTexts {
  of(part: Part): string;
  isBlank(part: Part): boolean;
  /** Parts that did not fit as a whole. */
  cut(): Part[];
}

/** See {@link PartTexts}. */
export function makePartTexts(hint: string | undefined, defects: Defects): PartTexts {
  const texts = new Map<Part, string>();
  const cut: Part[] = [];
  const room = { plain: MAX_TEXT_BYTES, html: MAX_TEXT_BYTES };
  function of(part: Part): string {
    const known = texts.get(part);
    if (known !== undefined) return known;
    const kind = part.type === "text/html" ? "html" : "plain";
    const { text, isCut } = textOfPart(part, hint, room[kind]);
    room[kind] = isCut ? 0 : room[kind] - Math.min(room[kind], text.length);
    if (isCut) {
      cut.push(part);
      defects.note("its text is too long: what is beyond is in a file");
    }
    texts.set(part, text);
    return text;
  }
  return { of, isBlank: (part) => !/\S/.test(of(part)), cut: () => cut };
}
