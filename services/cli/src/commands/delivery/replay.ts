import { type GivenUpDeliveries, makeMongoGivenUp } from "@openticket/store";
import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { filterOf, type Which, which } from "./which.ts";

interface Argv extends Which {
  names?: string[] | undefined;
  all?: boolean | undefined;
}

interface Replayed {
  replayed: number;
  /** Names of what has no given-up delivery: delivered, owed, or replayed before. */
  withoutAny: string[];
  unknown: string[];
}

/** `opentickets delivery replay`: given-up deliveries are owed again; exit code 1 when a name is of nothing that is there. */
export const deliveryReplay: Command = (parser, wrap) =>
  parser.command(
    "replay [names..]",
    "Have them delivered after all, once their cause is mended; workers begin within seconds, those of rejections within half a minute, beside another delivery that is in hand within 75 minutes",
    (it) =>
      which(it)
        .positional("names", {
          type: "string",
          array: true,
          describe: "Tickets by number (by id where no ticket has that number), requests, or single deliveries as delivery list names them",
        })
        .option("all", { type: "boolean", default: false, describe: "All that were given up" })
        .example("$0 delivery replay --all --kind mail --since 3d", "When the relay is mended")
        .example("$0 delivery replay 987112", "All of one ticket and its replies")
        .example("$0 delivery replay 987112/mail:opener", "One of them"),
    wrap(replay),
  );

async function replay({ names = [], all, ...chosen }: Argv, { connections, output }: CommandDeps): Promise<number> {
  if (names.length === 0 && !all) throw new CliFailure("Name tickets, requests or deliveries, or choose --all, by --kind and --since if you like.", 2);
  if (names.length > 0 && all) throw new CliFailure("Name some, or choose --all: not both.", 2);
  const filter = filterOf(chosen, new Date());
  const deliveries = makeMongoGivenUp(await connections.store());
  const done = all ? await replayAll(deliveries, filter, output) : await replayNamed(deliveries, names.map(String), filter);
  output.answer(done, () => linesOf(done).join("\n"));
  return done.unknown.length === 0 ? 0 : 1;
}

/** How many there are is known when all tickets were looked through: so it is said how many were done, not of how many. */
async function replayAll(deliveries: GivenUpDeliveries, filter: ReturnType<typeof filterOf>, output: CommandDeps["output"]): Promise<Replayed> {
  let replayed = 0;
  for await (const batch of deliveries.batches(filter)) {
    replayed += await deliveries.oweAgain(batch);
    output.say(`${replayed} owed again so far`);
  }
  return { replayed, withoutAny: [], unknown: [] };
}

async function replayNamed(deliveries: GivenUpDeliveries, names: readonly string[], filter: ReturnType<typeof filterOf>): Promise<Replayed> {
  const { found, withoutAny, unknown } = await deliveries.named(names, filter);
  return { replayed: await deliveries.oweAgain(found), withoutAny, unknown };
}

function linesOf({ replayed, withoutAny, unknown }: Replayed): string[] {
  return [
    `${replayed} owed again; workers deliver them.`,
    ...withoutAny.map((name) => `${name}: nothing of it that you chose was given up.`),
    ...unknown.map((name) => `${name}: not found; see opentickets delivery list.`),
  ];
}
