import type { Command } from "../command.ts";
import { CliFailure } from "../failure.ts";

/** `opentickets pipe` stands in the list of commands; the program starts it by itself, without this command line. */
export const pipeCommand: Command = (parser, wrap) =>
  parser.command(
    "pipe",
    "Hand a mail from standard input to the email door, for mail servers; see opentickets pipe --help",
    {},
    wrap(async () => {
      throw new CliFailure("pipe comes first on the command line: opentickets pipe --help", 2);
    }),
  );
