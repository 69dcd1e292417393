import type { Command } from "../../command.ts";
import { parseMails } from "./parse-files.ts";

/** `opentickets mail parse FILE…`: what a raw mail says, for people or as JSON. */
export const mailParse: Command = (parser, wrap) =>
  parser.command(
    "parse <files..>",
    "Subject, sender, text and attachments of mails in files; needs no database",
    (command) =>
      command
        .positional("files", { type: "string", array: true, demandOption: true, describe: "Raw mails (.eml)" })
        .example("$0 mail parse bounce.eml", "For people")
        .example("$0 mail parse *.eml --json", "A line of JSON for each file, in their order"),
    wrap(parseMails),
  );
