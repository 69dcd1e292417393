import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { openEndpoints } from "./endpoints.ts";

const WHY_NOT = { unknown: "There is no such delivery; see opentickets endpoint deliveries.", "in-hand": "It is being sent at this moment." } as const;

/** `opentickets endpoint replay <ids..>`: sends calls again, however they ended. */
export const endpointReplay: Command = (parser, wrap) =>
  parser.command(
    "replay <ids..>",
    "Send deliveries again, however they ended",
    (it) => it.positional("ids", { type: "string", array: true, demandOption: true, describe: "As endpoint deliveries lists them" }),
    wrap(replay),
  );

async function replay({ ids }: { ids: string[] }, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openEndpoints(deps);
  for (const id of ids) {
    const replayed = await manager.replay(id);
    if (replayed !== "owed") throw new CliFailure(`${id}: ${WHY_NOT[replayed]}`);
  }
  deps.output.answer({ replayed: ids.length }, () => `${ids.length} owed again; workers send them at once.`);
}
