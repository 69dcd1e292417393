import type { Command, CommandDeps } from "../../command.ts";
import { answerChange, openSources } from "./sources.ts";

/** `opentickets webhook enable|disable <name>`. */
export const webhookSwitch: Command = (parser, wrap) =>
  parser
    .command(
      "enable <name>",
      "Turn a source on; doors follow within seconds",
      (it) => it.positional("name", { type: "string", demandOption: true }),
      wrap((argv: { name: string }, deps) => turn(argv.name, true, deps)),
    )
    .command(
      "disable <name>",
      "Turn a source off: its callers get 404; doors follow within seconds",
      (it) => it.positional("name", { type: "string", demandOption: true }),
      wrap((argv: { name: string }, deps) => turn(argv.name, false, deps)),
    );

async function turn(name: string, isEnabled: boolean, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openSources(deps);
  return answerChange(await manager.setEnabled(name, isEnabled), name, deps, `${name} is ${isEnabled ? "enabled" : "disabled"}.`);
}
