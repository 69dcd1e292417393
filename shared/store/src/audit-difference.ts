/** What the audit has found to be other than it should be. */
export interface Difference {
  kind:
    | "lost"
    | "decided-twice"
    | "dead-but-decided"
    | "owed-too-long"
    | "owed-but-never-due"
    | "file-missing"
    | "index-missing"
    | "number-twice"
    | "request-twice"
    | "reply-without-effect"
    | "raw-missing"
    | "ticket-missing";
  /** Request, ticket, reply or index that it is about. */
  about: string;
  detail: string;
}
