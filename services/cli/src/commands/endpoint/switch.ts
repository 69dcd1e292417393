import type { Argv } from "yargs";
import type { Command, CommandDeps } from "../../command.ts";
import { answerChange, openEndpoints } from "./endpoints.ts";

const named = (it: Argv) => it.positional("name", { type: "string", demandOption: true });

/** `opentickets endpoint enable|disable <name>`: whether it gets calls. */
export const endpointSwitch: Command = (parser, wrap) =>
  parser
    .command("enable <name>", "Let its calls go on, also those of an endpoint that was stopped", named, wrap(switchTo(true)))
    .command("disable <name>", "Stop its calls; what is owed meanwhile to others is not owed to it", named, wrap(switchTo(false)));

function switchTo(isEnabled: boolean) {
  return async ({ name }: { name: string }, deps: CommandDeps): Promise<undefined> => {
    const { manager } = await openEndpoints(deps);
    return answerChange(await manager.change(name, { isEnabled }), name, deps, `${name} is ${isEnabled ? "enabled" : "disabled"}.`);
  };
}
