import { LIMITS, referenceError } from "@openticket/contract";
import type { Findings } from "./findings.ts";

/** Text on one line: control characters and line breaks become blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}

/** The subject on one line, cut to the limit. */
export function readSubject(given: string | undefined, findings: Findings): string | undefined {
  const subject = oneLine(given ?? "");
  if (subject === "") {
    findings.error(referenceError("subject_required"));
    return undefined;
  }
  if (subject.length <= LIMITS.subjectLength) return subject;
  findings.decide("subject", "cut", `it had ${subject.length} characters, ${LIMITS.subjectLength} are kept`);
  return subject.slice(0, LIMITS.subjectLength).replace(/[\ud800-\udbff]$/, "");
}
