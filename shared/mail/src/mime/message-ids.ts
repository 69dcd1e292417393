import { MAX_ID_LENGTH } from "../limits.ts";

/** Message-IDs of a header, each once, with their brackets, in order; white space that folding left inside is taken out. */
export function messageIds(raw: string): string[] {
  const ids = new Set<string>();
  let at = raw.indexOf("<");
  while (at !== -1) {
    const close = raw.indexOf(">", at);
    if (close === -1) break;
    add(ids, raw.slice(raw.lastIndexOf("<", close) + 1, close));
    at = raw.indexOf("<", close);
  }
  if (ids.size === 0) for (const word of raw.split(/[\s,;]+/)) if (word.includes("@")) add(ids, word);
  return [...ids];
}

function add(ids: Set<string>, inside: string): void {
  const id = `<${inside.replace(/[\s\0<>]+/g, "")}>`;
  if (id.length > 2 && id.length <= MAX_ID_LENGTH) ids.add(id);
}
