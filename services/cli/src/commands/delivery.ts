import type { Command } from "../command.ts";
import { deliveryList } from "./delivery/list.ts";
import { deliveryReplay } from "./delivery/replay.ts";

/** `opentickets delivery list|replay`: mails, answers and events that were given up. */
export const deliveryCommand: Command = (parser, wrap) =>
  parser.command("delivery", "Mails, answers and events that were given up: list them, and have them delivered after all", (command) => {
    for (const subcommand of [deliveryList, deliveryReplay]) subcommand(command, wrap);
    return command.demandCommand(1, "Name what to do: list or replay.");
  });
