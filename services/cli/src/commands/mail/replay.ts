import type { Command, CommandDeps } from "../../command.ts";
import { chosenMessages, replayMessages, requireContent, requireUndone } from "./message.ts";

interface Argv {
  ids?: string[] | undefined;
  mailbox?: string | undefined;
  all?: boolean | undefined;
}

/** `opentickets mail replay`: messages are read and decided again. */
export const mailReplay: Command = (parser, wrap) =>
  parser.command(
    "replay [ids..]",
    "Have them read and decided again, once what stood in the way is mended",
    (it) =>
      it
        .positional("ids", { type: "string", array: true, describe: "Messages that have not become a ticket" })
        .option("mailbox", { type: "string", describe: "All in quarantine of this mailbox" })
        .option("all", { type: "boolean", default: false, describe: "All in quarantine" })
        .example("$0 mail replay --all", "After an upgrade that can read more"),
    wrap(replay),
  );

async function replay(chosen: Argv, deps: CommandDeps): Promise<undefined> {
  const records = await chosenMessages(await deps.connections.store(), chosen);
  for (const record of records) {
    requireUndone(record);
    requireContent(record);
  }
  const note = { rule: "operator", answer: "replayed" };
  const replayed = await replayMessages(
    records.map((record) => ({ record, note })),
    deps,
  );
  deps.output.answer({ replayed }, () => `${replayed} put into the queue again.`);
}
