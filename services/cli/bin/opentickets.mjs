#!/usr/bin/env node
import { existsSync } from "node:fs";

// A mail server starts `pipe` for every mail: it is a small program of its own.
const program = new URL(process.argv[2] === "pipe" ? "../dist/main-pipe.js" : "../dist/main.js", import.meta.url);
if (!existsSync(program)) {
  process.stderr.write("opentickets is not built yet: run npm run build\n");
  // For a mail server: try again later.
  process.exit(process.argv[2] === "pipe" ? 75 : 1);
}
await import(program.href);
