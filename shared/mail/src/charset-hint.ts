import { canonicalCharset } from "./charset/labels.ts";
import { parameter } from "./mime/parameters.ts";
import type { Part } from "./mime/part.ts";

/** Labels that say nothing about bytes elsewhere. */
const VAGUE: ReadonlySet<string | undefined> = new Set([undefined, "us-ascii", "utf-8"]);
const HEADERS = ["subject", "from", "to"];

/** The charset that a message uses where it tells one: in its text parts, else in the words of its headers. For what lacks a label. */
export function charsetHint(root: Part): string | undefined {
  const parts = [root];
  for (let at = 0; at < parts.length; at += 1) parts.push(...(parts[at]?.children ?? []));
  const labels = parts.filter(({ type }) => type.startsWith("text/")).map(({ contentType }) => canonicalCharset(parameter(contentType, "charset")));
  const own = labels.find((label) => !VAGUE.has(label));
  return (
    own ??
    root.headers
      .filter(({ name }) => HEADERS.includes(name))
      .map(({ value }) => wordCharset(value))
      .find((label) => !VAGUE.has(label))
  );
}

function wordCharset(header: string): string | undefined {
  return canonicalCharset(/=\?([^?*\s]{1,40})[?*]/.exec(header)?.[1]);
}
