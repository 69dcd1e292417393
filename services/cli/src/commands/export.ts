import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { makeStoreOperations } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { STANDARD_OUTPUT, TARGET_FILE } from "../target-file.ts";

/** `opentickets export`: tickets as JSON lines, in the order of their ids, each with its replies. */
export const exportCommand: Command = (parser, wrap) =>
  parser.command(
    "export <file>",
    "Write all tickets with their replies to a file, one JSON object a line (NDJSON)",
    (command) =>
      command
        .positional("file", TARGET_FILE)
        .option("after-id", { type: "number", default: 0, describe: "Only tickets with a greater id" })
        .example("$0 export tickets.ndjson", "All of them")
        .example("$0 export - --after-id 5000 | gzip > new.ndjson.gz", "What has come since"),
    wrap(exportTickets),
  );

async function exportTickets({ file, afterId }: { file: string; afterId: number }, { connections, output }: CommandDeps): Promise<undefined> {
  const operations = makeStoreOperations(await connections.store());
  const progress = output.progress("exported", (await operations.sizes()).tickets);
  let tickets = 0;
  const onTicket = () => {
    tickets++;
    progress.step();
  };
  await write(linesOf(operations.tickets({ afterId }), onTicket), file).finally(progress.end);
  if (file !== STANDARD_OUTPUT) output.answer({ file, tickets }, () => `${tickets} tickets written to ${file}.`);
}

async function* linesOf(tickets: AsyncIterable<object>, onTicket: () => void): AsyncGenerator<string> {
  for await (const ticket of tickets) {
    yield `${JSON.stringify(ticket)}\n`;
    onTicket();
  }
}

/** An export holds access codes and people's data: its file is for its owner's eyes. */
async function write(lines: AsyncIterable<string>, file: string): Promise<void> {
  if (file !== STANDARD_OUTPUT) return pipeline(lines, createWriteStream(file, { mode: 0o600 }));
  for await (const line of lines) if (!process.stdout.write(line)) await once(process.stdout, "drain");
}
