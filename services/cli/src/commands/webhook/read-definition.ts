import { readFile } from "node:fs/promises";
import { CliFailure } from "../../failure.ts";

/** The JSON object in a file. Throws {@link CliFailure}. */
export async function readDefinition(file: string): Promise<object> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CliFailure(`${file} cannot be read: ${error.code ?? error.message}`);
  });
  const value = parsed(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new CliFailure(`${file} is not a JSON object.`);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
