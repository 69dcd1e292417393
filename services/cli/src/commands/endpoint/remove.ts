import type { Command, CommandDeps } from "../../command.ts";
import { openEndpoints, unknownEndpoint } from "./endpoints.ts";

/** `opentickets endpoint remove <name>`: with its secrets; what is owed to it is not sent any more. */
export const endpointRemove: Command = (parser, wrap) =>
  parser.command(
    "remove <name>",
    "Remove an endpoint with its secrets; what is still owed to it is not sent",
    (it) => it.positional("name", { type: "string", demandOption: true }),
    wrap(remove),
  );

async function remove({ name }: { name: string }, deps: CommandDeps): Promise<undefined> {
  const { endpoints } = await openEndpoints(deps);
  if (!(await endpoints.remove(name))) throw unknownEndpoint(name);
  deps.output.answer({ name, isRemoved: true }, () => `${name} is removed.`);
}
