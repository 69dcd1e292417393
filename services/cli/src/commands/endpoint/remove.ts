import type { Command, CommandDeps } from "../../command.ts";
import { openEndpoints, unknownEndpoint } from "./endpoints.ts";

/** `opentickets endpoint remove <name>`: with its secrets and its deliveries. */
export const endpointRemove: Command = (parser, wrap) =>
  parser.command(
    "remove <name>",
    "Remove an endpoint with its secrets and its deliveries; what is still owed to it is not sent",
    (it) => it.positional("name", { type: "string", demandOption: true }),
    wrap(remove),
  );

async function remove({ name }: { name: string }, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openEndpoints(deps);
  if (!(await manager.remove(name))) throw unknownEndpoint(name);
  deps.output.answer({ name, isRemoved: true }, () => `${name} is removed.`);
}
