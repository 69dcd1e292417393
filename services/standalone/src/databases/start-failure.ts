/** The standalone process cannot start for a reason that its operator can remove; the message is the one line to show. */
export class StartFailure extends Error {
  override name = "StartFailure";
}

/** Says one line about something that takes long. */
export type Progress = (line: string) => void;
