import { makeMongoInbound } from "@openticket/store";
import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { chosenMessages } from "./message.ts";

interface Argv {
  ids?: string[] | undefined;
  mailbox?: string | undefined;
  all?: boolean | undefined;
}

/** `opentickets mail drop`: takes messages out of quarantine for good; their records stay. */
export const mailDrop: Command = (parser, wrap) =>
  parser.command(
    "drop [ids..]",
    "Take them out of quarantine for good; they count as ignored",
    (it) =>
      it
        .positional("ids", { type: "string", array: true, describe: "Messages in quarantine" })
        .option("mailbox", { type: "string", describe: "All in quarantine of this mailbox" })
        .option("all", { type: "boolean", default: false, describe: "All in quarantine" }),
    wrap(drop),
  );

async function drop(chosen: Argv, { connections, output }: CommandDeps): Promise<undefined> {
  const store = await connections.store();
  const inbound = makeMongoInbound(store, { now: () => new Date() });
  const why = { reason: { code: "dropped", text: "dropped by the operator" }, note: { rule: "operator", answer: "dropped" } };
  const records = await chosenMessages(store, chosen);
  const other = records.find(({ state }) => state !== "quarantined");
  if (other) throw new CliFailure(`${other._id} is not in quarantine but ${other.state}.`);
  for (const { _id } of records) await inbound.drop(_id, why);
  output.answer({ dropped: records.length }, () => `${records.length} dropped.`);
}
