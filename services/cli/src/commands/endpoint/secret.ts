import type { Command, CommandDeps } from "../../command.ts";
import { secondsIn } from "../secrets.ts";
import { answerChange, openEndpoints } from "./endpoints.ts";

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
            .option("expire-others", { type: "string", default: "24h", describe: "How long those before it stay valid, such as 24h, 30m or 0s" })
            .example("$0 endpoint secret add crm --expire-others 0s", "After a secret has leaked: the old ones end at once"),
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

async function add({ name, expireOthers }: { name: string; expireOthers: string }, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openEndpoints(deps);
  const changed = await manager.addSecret(name, { expireOthersInSeconds: secondsIn(expireOthers) });
  return answerChange(changed, name, deps, `${name} has a new secret; the others end after ${expireOthers}.`);
}

async function remove({ name, id }: { name: string; id: string }, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openEndpoints(deps);
  return answerChange(await manager.removeSecret(name, id), name, deps, `The secret ${id} of ${name} is no longer valid.`);
}
