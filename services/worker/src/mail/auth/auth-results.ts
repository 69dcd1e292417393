import type { UnderstoodMail } from "@openticket/mail";
import type { Authenticity } from "../decide/ports.ts";
import { isAlignedWith } from "./alignment.ts";

/**
 * What a server in front of us has found out, from its Authentication-Results (RFC 8601). Only the topmost header of an
 * id counts: below it may stand what a stranger has written. Undefined when there is none of a trusted id, or it says
 * nothing of DMARC.
 */
export function readAuthenticationResults({ headers, from }: UnderstoodMail, trustedIds: readonly string[]): Authenticity | undefined {
  if (trustedIds.length === 0) return undefined;
  const wanted = new Set(trustedIds.map((id) => id.toLowerCase()));
  const asked = new Set<string>();
  for (const [name, value] of headers) {
    if (name !== "authentication-results") continue;
    const { id, results } = parse(value);
    if (!wanted.has(id) || asked.has(id)) continue;
    asked.add(id);
    const found = verdictOf(id, results, from);
    if (found) return found;
  }
  return undefined;
}

interface Result {
  method: string;
  result: string;
  properties: ReadonlyMap<string, string>;
}

/** Comments are taken out first: they may hold anything. */
function parse(value: string): { id: string; results: Result[] } {
  const [head = "", ...parts] = withoutComments(value.slice(0, MAX_HEADER)).split(";");
  const results = parts.map((part): Result => {
    const [first = "", ...pairs] = part.trim().split(/\s+/);
    const [method = "", result = ""] = first.split("=", 2);
    const properties = pairs.map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return [pair.slice(0, Math.max(at, 0)).toLowerCase(), pair.slice(at + 1).replace(/^"(.*)"$/, "$1")];
    });
    return { method: method.toLowerCase(), result: result.toLowerCase(), properties: new Map(properties) };
  });
  return { id: head.trim().split(/\s+/)[0]?.toLowerCase() ?? "", results };
}

const MAX_HEADER = 8192;

function withoutComments(text: string): string {
  let [depth, plain] = [0, ""];
  for (const character of text) {
    if (character === "(") depth++;
    if (depth === 0) plain += character;
    if (character === ")" && depth > 0) depth--;
  }
  return plain;
}

function verdictOf(id: string, results: readonly Result[], from: UnderstoodMail["from"]): Authenticity | undefined {
  const dmarc = results.find(({ method }) => method === "dmarc");
  if (!dmarc) return undefined;
  const domains = from.map(({ address }) => address.slice(address.lastIndexOf("@") + 1).toLowerCase());
  const checked = dmarc.properties.get("header.from")?.toLowerCase();
  // Without header.from the server has checked the only one there is.
  const isAboutAll = domains.length > 0 && domains.every((domain) => (checked === undefined ? domains.length === 1 : isAlignedWith(checked, domain)));
  const passed = (method: string) => results.some((result) => result.method === method && result.result === "pass");
  const isAligned = dmarc.result === "pass" && isAboutAll;
  return {
    isAligned,
    isForged: dmarc.result === "fail",
    mayBounce: isAligned || passed("spf") || passed("dkim"),
    because: `Authentication-Results of ${id}: dmarc=${dmarc.result}${checked === undefined ? "" : ` header.from=${checked}`}`,
  };
}
