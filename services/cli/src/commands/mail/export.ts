import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { makeMongoBlobStore } from "@openticket/store";
import type { Command, CommandDeps } from "../../command.ts";
import { STANDARD_OUTPUT, TARGET_FILE } from "../../target-file.ts";
import { findMessage, requireContent } from "./message.ts";

/** `opentickets mail export <id> <file>`: the raw message, byte by byte as it came. */
export const mailExport: Command = (parser, wrap) =>
  parser.command(
    "export <id> <file>",
    "Write the raw message to a file",
    (it) => it.positional("id", { type: "string", demandOption: true }).positional("file", TARGET_FILE).example("$0 mail export inb_… - | less", "Look at it"),
    wrap(exportMessage),
  );

async function exportMessage({ id, file }: { id: string; file: string }, { connections, output }: CommandDeps): Promise<undefined> {
  const store = await connections.store();
  const record = await findMessage(store, id);
  requireContent(record);
  const { raw } = record;
  const content = await makeMongoBlobStore(store).open(raw.sha256);
  if (file !== STANDARD_OUTPUT) {
    await pipeline(content, createWriteStream(file, { mode: 0o600 }));
    return output.answer({ id, file, bytes: raw.size }, () => `${raw.size} bytes written to ${file}.`) as undefined;
  }
  for await (const chunk of content) if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
}
