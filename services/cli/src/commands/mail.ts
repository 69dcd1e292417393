import type { Command } from "../command.ts";
import { parseMails } from "./mail-parse.ts";

/** `opentickets mail …`: what a raw mail says. */
export const mailCommand: Command = (parser, wrap) =>
  parser.command("mail", "What is understood of a mail", (command) =>
    command
      .command(
        "parse <files..>",
        "Subject, sender, text and attachments of mails in files; needs no database",
        (it) =>
          it
            .positional("files", { type: "string", array: true, demandOption: true, describe: "Raw mails (.eml)" })
            .example("$0 mail parse bounce.eml", "For people")
            .example("$0 mail parse *.eml --json", "A line of JSON for each file, in their order"),
        wrap(parseMails),
      )
      .demandCommand(1, "Name what to do: parse."),
  );
