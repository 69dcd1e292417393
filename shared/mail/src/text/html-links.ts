import type { TextLayout } from "./text-layout.ts";

/** Writes where a link leads after its text, where the text does not say so itself. */
export interface Links {
  open(attributes: ReadonlyMap<string, string>): void;
  /** Text was written, perhaps inside of a link. */
  saw(text: string): void;
  close(): void;
}

/** Addresses after these are left out: a mail with more is a list of links whose texts say what they are. */
const MAX_SHOWN = 2_000;
/** A longer address is for machines. */
const MAX_HREF_CHARS = 2_000;
const LEADS_SOMEWHERE = /^(?:https?:\/\/|ftp:\/\/|mailto:|tel:)/i;

/** See {@link Links}. Links do not nest: one that opens closes the one before. */
export function makeLinks(layout: TextLayout): Links {
  let href: string | undefined;
  let text = "";
  let shown = 0;
  const close = () => {
    const target = href;
    href = undefined;
    if (target === undefined || text.trim() === "" || isSame(target, text) || shown >= MAX_SHOWN) return;
    shown += 1;
    layout.write(` (${target})`);
  };
  return {
    open(attributes) {
      close();
      text = "";
      const target = attributes.get("href")?.trim() ?? "";
      if (LEADS_SOMEWHERE.test(target) && target.length <= MAX_HREF_CHARS) href = target.replace(/[\s\u00a0]+/g, "%20");
    },
    saw(more) {
      if (href !== undefined && text.length <= MAX_HREF_CHARS) text += more;
    },
    close,
  };
}

function isSame(target: string, text: string): boolean {
  return bare(target) === bare(text);
}

function bare(address: string): string {
  const decoded = address
    .trim()
    .toLowerCase()
    .replace(/^(?:https?:\/\/|ftp:\/\/|mailto:|tel:)/, "");
  return decoded
    .replace(/^www\./, "")
    .replace(/\?subject=.*$/, "")
    .replace(/\/$/, "")
    .replace(/\s/g, "");
}
