import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { openSources, shownSource } from "./sources.ts";

/** `opentickets webhook show <name>`: all of a source but its secrets. */
export const webhookShow: Command = (parser, wrap) =>
  parser.command("show <name>", "Show a source, without its secrets", (it) => it.positional("name", { type: "string", demandOption: true }), wrap(show));

async function show({ name }: { name: string }, deps: CommandDeps): Promise<undefined> {
  const { sources } = await openSources(deps);
  const source = await sources.find(name);
  if (!source) throw new CliFailure(`There is no source ${name}; see opentickets webhook list.`);
  deps.output.answer(shownSource(source), () => JSON.stringify(shownSource(source), null, 2));
}
