import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { openSources } from "./sources.ts";

/** `opentickets webhook remove <name>`: with its secrets; what came in by it stays. */
export const webhookRemove: Command = (parser, wrap) =>
  parser.command(
    "remove <name>",
    "Remove a source with its secrets; what came in by it stays",
    (it) => it.positional("name", { type: "string", demandOption: true }),
    wrap(remove),
  );

async function remove({ name }: { name: string }, deps: CommandDeps): Promise<undefined> {
  const { sources } = await openSources(deps);
  if (!(await sources.remove(name))) throw new CliFailure(`There is no source ${name}; see opentickets webhook list.`);
  deps.output.answer({ name, isRemoved: true }, () => `${name} is removed.`);
}
