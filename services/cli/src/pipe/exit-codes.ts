/** Exit codes that mail servers know (source: sysexits.h). All but 0 and 75 make them send the mail back. */
export const EXIT = {
  /** Stored, or spooled. */
  ok: 0,
  usage: 64,
  /** The mail is larger than is taken. */
  dataError: 65,
  /** No such mailbox. */
  noUser: 67,
  /** Refused for good for another reason. */
  unavailable: 69,
  /** Try again later: the door is away or busy, or the spool cannot be written. */
  tempFail: 75,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
