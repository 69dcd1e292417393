import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** URL of a part of tsx: from sources, in tests and development, what we start needs its own loader of TypeScript. `from`: `import.meta.url` of whoever starts it. */
export function typescriptLoader(from: string, part: string): string {
  return new URL(part, pathToFileURL(createRequire(from).resolve("tsx/package.json"))).href;
}
