import { LIMITS, referenceError } from "@openticket/contract";
import type { Findings } from "./findings.ts";

/** Text on one line: control characters and line breaks become blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}

/** The subject on one line, cut to the limit. */
export function readSubject(given: string | undefined, findings: Findings): string | undefined {
  const subject = oneLine(given ?? "");
  if (subject !== "") return withinLength("subject", subject, LIMITS.subjectLength, findings);
  findings.error(referenceError("subject_required"));
  return undefined;
}

/** At most so many characters of that parameter's text; a cut is noted on the ticket. */
export function withinLength(name: string, text: string, most: number, findings: Findings): string {
  if (text.length <= most) return text;
  findings.decide(name, "cut", `it had ${text.length} characters, ${most} are kept`);
  return text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}
