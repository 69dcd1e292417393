import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const PROGRAM = fileURLToPath(new URL("../../services/standalone/dist/main.js", import.meta.url));
/** Longest time for databases and services to be there, ms. */
const READY_TIMEOUT_MS = 60_000;

/** `npm start`'s program as a process, and all that it has said. */
export interface StandaloneProcess {
  said(): string;
  /** Waits for the line that starts with "ready", and gives the URL in it. */
  ready(): Promise<string>;
  /** Its exit code, once it has ended. */
  ended: Promise<number | null>;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a {@link StandaloneProcess}; `env` is all of its environment beside what finds programs and their cache. */
export function startStandaloneProcess(env: Record<string, string>): StandaloneProcess {
  const { PATH, HOME, OPENTICKET_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const child = spawn(process.execPath, [PROGRAM], {
    // The usual port may be another start's.
    env: { PATH, HOME, OPENTICKET_CACHE_DIR, XDG_CACHE_HOME, SMTP_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = collect(child);
  const ended = once(child, "close").then(() => child.exitCode);
  return {
    said,
    ended,
    async ready() {
      const line = await until("the line that starts with ready", () => lineOrEnd(child, said), READY_TIMEOUT_MS);
      if (!line.startsWith("ready ")) throw new Error(`it could not start: ${said()}`);
      return line.slice("ready ".length);
    },
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

function lineOrEnd(child: ChildProcess, said: () => string): string | undefined {
  return /^ready http:\S+/m.exec(said())?.[0] ?? (child.exitCode === null ? undefined : "ended");
}

function collect(child: ChildProcess): () => string {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  return () => said;
}
