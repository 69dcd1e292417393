import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { secondsIn } from "../secrets.ts";
import { answerChange, openSources } from "./sources.ts";

interface Added {
  name: string;
  secret?: string | undefined;
  generate: boolean;
  expireOthers?: string | undefined;
}

/** `opentickets webhook secret add|remove`: several are valid at once, so that they can be changed without a gap. */
export const webhookSecret: Command = (parser, wrap) =>
  parser.command("secret", "Secrets of a source: several are valid at once, so that they can be changed without a gap", (command) =>
    command
      .command(
        "add <name>",
        "Give a source a further secret, or make one; prints it once",
        (it) =>
          it
            .positional("name", { type: "string", demandOption: true })
            .option("secret", { type: "string", describe: "As the provider has it" })
            .option("generate", { type: "boolean", default: false, describe: "Make one, where the kind lets us choose it" })
            .option("expire-others", { type: "string", describe: "How long those before it stay valid, such as 24h, 30m or 0s" })
            .example("$0 webhook secret add forge --generate --expire-others 24h", "Change a secret without a gap"),
        wrap(add),
      )
      .command(
        "remove <name> <id>",
        "Take a secret away; doors follow within seconds",
        (it) => it.positional("name", { type: "string", demandOption: true }).positional("id", { type: "string", demandOption: true }),
        wrap(remove),
      )
      .demandCommand(1, "Name what to do: add or remove."),
  );

async function add({ name, secret, generate, expireOthers }: Added, deps: CommandDeps): Promise<undefined> {
  if ((secret === undefined) !== generate) throw new CliFailure("Either give the provider's by --secret, or have one made by --generate.", 2);
  const given = { ...(secret !== undefined && { secret }), ...(expireOthers !== undefined && { expireOthersInSeconds: secondsIn(expireOthers) }) };
  const { manager } = await openSources(deps);
  return answerChange(await manager.addSecret(name, given), name, deps, `${name} has a further secret.`);
}

async function remove({ name, id }: { name: string; id: string }, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openSources(deps);
  return answerChange(await manager.removeSecret(name, id), name, deps, `The secret ${id} of ${name} is no longer valid.`);
}
