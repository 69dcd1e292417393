import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { InboundRecord } from "@openticket/contract";
import { type BlobStore, makeMongoBlobStore } from "@openticket/store";
import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { findMessage, replayMessages, requireContent, requireUndone, uniqueFileName } from "./message.ts";

/** Largest message that an operator may put in, bytes. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** `opentickets mail edit <id>`: mends the raw message and has it read again. */
export const mailEdit: Command = (parser, wrap) =>
  parser.command(
    "edit <id>",
    "Mend the raw message in your editor, or replace it by a file, and have it read again",
    (it) =>
      it
        .positional("id", { type: "string", demandOption: true })
        .option("file", { type: "string", describe: "Take this file instead of opening VISUAL or EDITOR" })
        .example("$0 mail edit inb_… --file mended.eml", "What was exported and mended by other means"),
    wrap(edit),
  );

async function edit({ id, file }: { id: string; file?: string | undefined }, deps: CommandDeps): Promise<undefined> {
  const store = await deps.connections.store();
  const record = await findMessage(store, id);
  requireUndone(record);
  const blobs = makeMongoBlobStore(store);
  const raw = file === undefined ? await editedByHand(record, blobs) : await put(file, blobs);
  if (raw.sha256 === record.raw.sha256) throw new CliFailure("The message is as it was; opentickets mail replay has it read again.");
  const note = { rule: "operator", answer: "edited", because: `the content was SHA-256 ${record.raw.sha256}` };
  await replayMessages([{ record, note, raw }], deps);
  deps.output.answer({ id, raw }, () => `${id} has its new content and is read again.`);
}

async function editedByHand(record: InboundRecord, blobs: BlobStore): Promise<InboundRecord["raw"]> {
  requireContent(record);
  const path = join(tmpdir(), uniqueFileName(record._id));
  try {
    await pipeline(await blobs.open(record.raw.sha256), createWriteStream(path, { mode: 0o600, flags: "wx" }));
    const editor = process.env.VISUAL || process.env.EDITOR || "vi";
    const { status, error } = spawnSync("/bin/sh", ["-c", `${editor} "$1"`, "sh", path], { stdio: "inherit" });
    if (error || status !== 0) throw new CliFailure(`${editor} ended with ${error?.message ?? status}; nothing was changed.`);
    return await put(path, blobs);
  } finally {
    await rm(path, { force: true });
  }
}

async function put(path: string, blobs: BlobStore): Promise<InboundRecord["raw"]> {
  try {
    return await blobs.put(createReadStream(path), { maxBytes: MAX_BYTES });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw new CliFailure(`${path} is not there.`);
    throw error;
  }
}
