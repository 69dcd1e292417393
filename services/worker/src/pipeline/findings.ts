import type { Decision, RequestError } from "@openticket/contract";

/** What the rules found while one command was checked: errors that stop it, and decisions that its ticket will show. */
export class Findings {
  readonly errors: RequestError[] = [];
  readonly decisions: Decision[] = [];

  /** Notes what stops the ticket. */
  error(error: RequestError): void {
    this.errors.push(error);
  }

  /** Notes what a rule answered, and what made it. */
  decide(rule: string, answer: string, because: string): void {
    this.decisions.push({ rule, answer, because });
  }
}
