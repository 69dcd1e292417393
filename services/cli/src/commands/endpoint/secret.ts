import type { Command, CommandDeps } from "../../command.ts";
import { answerChange, openEndpoints } from "./endpoints.ts";

const SECONDS_PER_HOUR = 3600;

/** `opentickets endpoint secret add|remove`: calls are signed with every valid one, so that they can be changed without a gap. */
export const endpointSecret: Command = (parser, wrap) =>
  parser.command("secret", "Secrets of an endpoint: calls are signed with every valid one, so that they can be changed without a gap", (command) =>
    command
      .command(
        "add <name>",
        "Make a new secret; prints it once",
        (it) =>
          it
            .positional("name", { type: "string", demandOption: true })
            .option("overlap-hours", { type: "number", default: 24, describe: "How long the secrets before it stay valid, hours" })
            .example("$0 endpoint secret add crm --overlap-hours 0", "After a secret has leaked: the old ones end at once"),
        wrap(add),
      )
      .command(
        "remove <name> <id>",
        "Take a secret away; workers follow within seconds",
        (it) => it.positional("name", { type: "string", demandOption: true }).positional("id", { type: "string", demandOption: true }),
        wrap(remove),
      )
      .demandCommand(1, "Name what to do: add or remove."),
  );

async function add({ name, overlapHours }: { name: string; overlapHours: number }, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openEndpoints(deps);
  const overlapSeconds = Math.round(overlapHours * SECONDS_PER_HOUR);
  return answerChange(await manager.addSecret(name, { overlapSeconds }), name, deps, `${name} has a new secret; the others end after ${overlapHours} h.`);
}

async function remove({ name, id }: { name: string; id: string }, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openEndpoints(deps);
  return answerChange(await manager.removeSecret(name, id), name, deps, `The secret ${id} of ${name} is no longer valid.`);
}
