import type { Command } from "../command.ts";
import { mailDrop } from "./mail/drop.ts";
import { mailEdit } from "./mail/edit.ts";
import { mailExport } from "./mail/export.ts";
import { mailFolders } from "./mail/folders.ts";
import { mailList } from "./mail/list.ts";
import { mailParse } from "./mail/parse.ts";
import { mailReplay } from "./mail/replay.ts";
import { mailShow } from "./mail/show.ts";

const SUBCOMMANDS: readonly Command[] = [mailParse, mailList, mailShow, mailExport, mailEdit, mailReplay, mailDrop, mailFolders];

/** `opentickets mail parse|list|show|export|edit|replay|drop|folders`: messages that came in, those in quarantine above all. */
export const mailCommand: Command = (parser, wrap) =>
  parser.command("mail", "Messages that came in: list, view, export, mend and replay them", (command) => {
    for (const subcommand of SUBCOMMANDS) subcommand(command, wrap);
    return command.demandCommand(1, "Name what to do: parse, list, show, export, edit, replay, drop or folders.");
  });
