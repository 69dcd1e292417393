import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Every .eml below a folder, in the order of their names; or the file itself. */
export function emlFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return path.endsWith(".eml") ? [path] : [];
  return readdirSync(path)
    .toSorted()
    .flatMap((name) => emlFiles(join(path, name)));
}
