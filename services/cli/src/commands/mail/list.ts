import { INBOUND_STATES, type InboundState } from "@openticket/contract";
import { makeMongoInbound } from "@openticket/store";
import type { Command, CommandDeps } from "../../command.ts";
import { ago, shortened, table } from "../../output.ts";

interface Argv {
  mailbox?: string | undefined;
  source?: string | undefined;
  state?: InboundState | undefined;
  limit: number;
  after?: string | undefined;
}

/** `opentickets mail list`: newest first. */
export const mailList: Command = (parser, wrap) =>
  parser.command(
    "list",
    "List them, newest first",
    (it) =>
      it
        .option("mailbox", { type: "string", describe: "Only of this mailbox" })
        .option("source", { type: "string", describe: "Only by this source of webhooks" })
        .option("state", { choices: INBOUND_STATES, describe: "Only in this state" })
        .option("limit", { type: "number", default: 50, describe: "Most that are listed" })
        .option("after", { type: "string", describe: "Only those behind this one" })
        .example("$0 mail list --state quarantined", "What waits for you"),
    wrap(list),
  );

async function list({ mailbox, ...filter }: Argv, { connections, output }: CommandDeps): Promise<undefined> {
  const inbound = makeMongoInbound(await connections.store(), { now: () => new Date() });
  const records = await inbound.list({ mailbox: mailbox?.toLowerCase(), ...filter });
  const rows = records.map(({ _id, state, receivedAt, mailbox: to, source, summary, reason, ticket }) => [
    _id,
    state,
    ago(receivedAt),
    to,
    summary?.from ?? source.envelopeFrom,
    ticket ? `ticket ${ticket.tid}` : shortened(reason?.text ?? summary?.subject ?? ""),
  ]);
  output.answer(records, () => (rows.length === 0 ? "No messages." : table(["message", "state", "came", "to", "from", ""], rows)));
}
