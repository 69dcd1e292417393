import { once } from "node:events";
import { createWriteStream } from "node:fs";
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
  const progress = output.progress("exported", (await operations.counts()).tickets);
  // An export holds access codes and people's data: for its owner's eyes.
  const target = file === STANDARD_OUTPUT ? process.stdout : createWriteStream(file, { mode: 0o600 });
  let lines = 0;
  for await (const ticket of operations.tickets({ afterId })) {
    if (!target.write(`${JSON.stringify(ticket)}\n`)) await once(target, "drain");
    lines++;
    progress.step();
  }
  progress.end();
  if (target === process.stdout) return;
  target.end();
  await once(target, "finish");
  output.answer({ file, tickets: lines }, () => `${lines} tickets written to ${file}.`);
}
