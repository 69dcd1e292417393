import type { Command, CommandDeps } from "../../command.ts";
import { table } from "../../output.ts";
import { findMessage } from "./message.ts";

/** `opentickets mail show <id>`: all that is known of a message, and every rule that was asked. */
export const mailShow: Command = (parser, wrap) =>
  parser.command("show <id>", "One of them, with every rule that was asked", (it) => it.positional("id", { type: "string", demandOption: true }), wrap(show));

async function show({ id }: { id: string }, { connections, output }: CommandDeps): Promise<undefined> {
  const record = await findMessage(await connections.store(), id);
  const { trace, source, raw, reason, ticket, summary, ...head } = record;
  const facts = Object.entries({
    ...head,
    source: JSON.stringify(source),
    raw: `${raw.size} bytes, SHA-256 ${raw.sha256}`,
    ...(reason && { reason: `${reason.code}: ${reason.text}` }),
    ...(ticket && { ticket: `${ticket.tid}, id ${ticket.id}${ticket.replyId === undefined ? "" : `, reply ${ticket.replyId}`}` }),
    ...summary,
  }).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]);
  const rules = trace.map(({ rule, answer, because }) => [rule, answer, because]);
  output.answer(record, () => `${table(["", ""], facts)}\n\n${rules.length === 0 ? "No rule was asked yet." : table(["rule", "answer", "because"], rules)}`);
}
