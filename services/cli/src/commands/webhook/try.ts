import type { Command } from "../../command.ts";
import { tryEvent } from "./try-event.ts";

/** `opentickets webhook try <source> <file>`: what would become of an event, without anything being stored. */
export const webhookTry: Command = (parser, wrap) =>
  parser.command(
    "try <source> <file>",
    "What would become of an event: its ticket and correlation key, or why there is none",
    (it) =>
      it
        .positional("source", { type: "string", demandOption: true, describe: "Name of the source" })
        .positional("file", { type: "string", demandOption: true, describe: "The body of a call, as its provider sends it" })
        .option("headers", { type: "string", describe: "File with the call's headers, one a line, or as a JSON object" })
        .option("definition", { type: "string", describe: "File with the definition of the source, as for webhook set; then no database is needed" })
        .example("$0 webhook try alerts firing.json", "With the source as it is stored")
        .example("$0 webhook try forge issue.json --definition github.json --headers issue.headers", "Before it is set up"),
    wrap(tryEvent),
  );
