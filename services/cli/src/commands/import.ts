import { readFile } from "node:fs/promises";
import { importReferenceData, REFERENCE_KINDS, type ReferenceFile, type RowFault } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { CliFailure } from "../failure.ts";
import { table } from "../output.ts";

interface Argv {
  files: string[];
  dryRun: boolean;
}

/** `opentickets import <files…>`: reference data from CSV and JSON, all of it or nothing. */
export const importCommand: Command = (parser, wrap) =>
  parser.command(
    "import <files..>",
    `Import reference data: ${REFERENCE_KINDS.join(", ")}`,
    (command) =>
      command
        .positional("files", {
          type: "string",
          array: true,
          demandOption: true,
          describe: "<kind>.csv, <kind>.json, or a .json with an object of lists by kind",
        })
        .option("dry-run", { type: "boolean", default: false, describe: "Check everything, write nothing" })
        .example("$0 import departments.csv clients.csv", "Files may refer to one another, and to what is stored already")
        .example("$0 import --dry-run everything.json", "Say what would be imported, or every fault with its line"),
    wrap(runImport),
  );

async function runImport({ files, dryRun }: Argv, { connections, output }: CommandDeps): Promise<number | undefined> {
  const contents = await Promise.all(files.map(readReferenceFile));
  const outcome = await importReferenceData(await connections.store(), contents, { isDryRun: dryRun });
  if (outcome.kind === "refused") {
    output.answer(outcome, () => `${table(["file", "line", "fault"], outcome.faults.map(faultRow))}\n\nNothing was imported: ${outcome.faults.length} faults.`);
    return 1;
  }
  const counts = Object.entries(outcome.counts).filter(([, count]) => count > 0);
  output.answer(
    { ...outcome, isDryRun: dryRun },
    () => `${table(["kind", "rows"], counts)}\n\n${dryRun ? "Everything is right; nothing was written." : "Imported."}`,
  );
}

async function readReferenceFile(name: string): Promise<ReferenceFile> {
  try {
    return { name, text: await readFile(name, "utf8") };
  } catch (error) {
    throw new CliFailure(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
}

function faultRow({ file, line, message }: RowFault): unknown[] {
  return [file, line ?? "", message];
}
