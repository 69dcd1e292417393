import type { Finding, MailOutcome, Reason } from "../outcome.ts";

/** The rule lets the mail pass. */
export function pass(answer: string, because: string): Finding {
  return { answer, because };
}

/** The rule decides. */
export function decide(outcome: MailOutcome, because: string): Finding {
  return { answer: outcome.kind, because, outcome };
}

/** The mail is kept and becomes nothing. */
export function ignore(code: Reason["code"], text: string, because: string, more: Partial<Extract<MailOutcome, { kind: "ignored" }>> = {}): Finding {
  return decide({ kind: "ignored", reason: { code, text }, effects: [], ...more }, because);
}
