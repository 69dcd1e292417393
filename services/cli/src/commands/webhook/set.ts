import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { readDefinition } from "./read-definition.ts";
import { answerChange, openSources } from "./sources.ts";

interface Argv {
  name: string;
  file: string;
}

/** `opentickets webhook set <name> <file>`: makes a source, or replaces all of one but its secrets. */
export const webhookSet: Command = (parser, wrap) =>
  parser.command(
    "set <name> <file>",
    "Make a source, or replace everything of one but its secrets",
    (it) =>
      it
        .positional("name", { type: "string", demandOption: true, describe: "Part of its URL, /webhooks/<name>" })
        .positional("file", {
          type: "string",
          demandOption: true,
          describe: "JSON with kind, and with settings, mailbox, mapping, correlation and defaults as needed",
        })
        .example("$0 webhook set forge github.json", 'A file with {"kind": "github"}; then: webhook secret add forge'),
    wrap(set),
  );

async function set({ name, file }: Argv, deps: CommandDeps): Promise<undefined> {
  const { name: named = name, ...given } = { name: undefined, ...(await readDefinition(file)) };
  if (named !== name) throw new CliFailure(`${file} is for the source ${String(named)}, not for ${name}.`);
  const { sources, manager } = await openSources(deps);
  if (await sources.find(name)) return answerChange(await manager.replace(name, given), name, deps, `${name} is replaced; its secrets stay.`);
  const made = await manager.create({ ...given, name });
  return answerChange(made, name, deps, `${name} is made; its provider calls /webhooks/${name}.`);
}
