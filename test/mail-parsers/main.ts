import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { emlFiles } from "../support/eml-files.ts";
import { READERS, type Reading } from "./readers.ts";

/**
 * npm run compare:mail -- FOLDER: reads every .eml below a folder with our parser and two others, and lists where they
 * do not agree. White space is not compared. Who is right is decided by eye: docs/mail-parsing.md tells.
 */
const FIELDS = ["subject", "fromAddress", "fromName", "text", "attachments", "messageId"] as const;
const SHOWN = 400;

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error("Name a folder with .eml files.");
  process.exit(2);
}
const files = emlFiles(folder);
let agreed = 0;
for (const file of files) {
  const differences = await compare(readFileSync(file));
  if (differences.length === 0) agreed += 1;
  else console.log(`\n== ${relative(folder, file)}\n${differences.join("\n")}`);
}
console.log(`\n${files.length} mails, ${agreed} read alike by all`);

async function compare(raw: Buffer): Promise<string[]> {
  const readings = await Promise.all(Object.entries(READERS).map(async ([name, read]) => [name, await orFailure(read, raw)] as const));
  return FIELDS.flatMap((field) => {
    const values = readings.map(([name, reading]) => [name, typeof reading === "string" ? reading : fieldOf(reading, field)] as const);
    if (new Set(values.map(([, value]) => value)).size === 1) return [];
    return [`  ${field}`, ...values.map(([name, value]) => `    ${name.padEnd(12)}${JSON.stringify(value.slice(0, SHOWN))}`)];
  });
}

async function orFailure(read: (raw: Buffer) => Promise<Reading>, raw: Buffer): Promise<Reading | string> {
  try {
    return await read(raw);
  } catch (error) {
    return `threw: ${error}`;
  }
}

function fieldOf(reading: Reading, field: (typeof FIELDS)[number]): string {
  const value = reading[field];
  return (Array.isArray(value) ? value.join(" | ") : value).replace(/\s+/g, " ").trim();
}
