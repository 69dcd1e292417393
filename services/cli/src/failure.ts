/** The command could not be carried out; the message says why and what to do. */
export class CliFailure extends Error {
  override name = "CliFailure";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
