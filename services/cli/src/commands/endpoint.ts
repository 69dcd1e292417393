import type { Command } from "../command.ts";
import { endpointAdd } from "./endpoint/add.ts";
import { endpointDeliveries } from "./endpoint/deliveries.ts";
import { endpointList } from "./endpoint/list.ts";
import { endpointRemove } from "./endpoint/remove.ts";
import { endpointReplay } from "./endpoint/replay.ts";
import { endpointSecret } from "./endpoint/secret.ts";
import { endpointShow } from "./endpoint/show.ts";
import { endpointSwitch } from "./endpoint/switch.ts";
import { endpointTest } from "./endpoint/test.ts";

const SUBCOMMANDS: readonly Command[] = [
  endpointList,
  endpointShow,
  endpointAdd,
  endpointRemove,
  endpointSwitch,
  endpointSecret,
  endpointTest,
  endpointDeliveries,
  endpointReplay,
];

/** `opentickets endpoint list|show|add|remove|enable|disable|secret|test|deliveries|replay`: who hears of our events. */
export const endpointCommand: Command = (parser, wrap) =>
  parser.command("endpoint", "Endpoints that hear of events: set them up, test them, see and repeat their calls", (command) => {
    for (const subcommand of SUBCOMMANDS) subcommand(command, wrap);
    return command.demandCommand(1, "Name what to do: list, show, add, remove, enable, disable, secret, test, deliveries or replay.");
  });
