import type { Command } from "../command.ts";
import { webhookList } from "./webhook/list.ts";
import { webhookRemove } from "./webhook/remove.ts";
import { webhookSecret } from "./webhook/secret.ts";
import { webhookSet } from "./webhook/set.ts";
import { webhookShow } from "./webhook/show.ts";
import { webhookSwitch } from "./webhook/switch.ts";
import { webhookTry } from "./webhook/try.ts";

const SUBCOMMANDS: readonly Command[] = [webhookList, webhookShow, webhookSet, webhookRemove, webhookSwitch, webhookSecret, webhookTry];

/** `opentickets webhook list|show|set|remove|enable|disable|secret|try`: who may send us events and mails by webhooks. */
export const webhookCommand: Command = (parser, wrap) =>
  parser.command("webhook", "Sources of webhooks: set them up, turn them on and off, change their secrets, try their mappings", (command) => {
    for (const subcommand of SUBCOMMANDS) subcommand(command, wrap);
    return command.demandCommand(1, "Name what to do: list, show, set, remove, enable, disable, secret or try.");
  });
