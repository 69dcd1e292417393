import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { answersOf, type ThreadOutcome } from "./answers.ts";
import { typescriptLoader } from "./typescript-loader.ts";

/**
 * A process of our own for work that may take a whole process along. It is used like a thread: it says that it is ready with
 * a message `{ kind: "ready" }`, then answers each task with one message.
 *
 * Problem: a thread's limit of memory ends the thread only while it grows in small steps; one large value, and V8 gives up
 * the whole process. Choice: a process for what strangers make us compute. It has nothing of our environment, so no secrets,
 * and has to end itself when its channel closes, so that none is left behind when we are killed.
 */
export interface ChildOptions {
  /** What it does, for people. */
  name: string;
  /** `import.meta.url` of whoever starts it. */
  from: string;
  /** Its entry as the starter's neighbour, in the sources and beside a bundle. */
  source: string;
  bundled: string;
  args: readonly string[];
}

export interface Child<Answer> {
  /** One task at a time; after `timeoutMs` it is killed. Rejects when it could not start. */
  ask(task: unknown, timeoutMs: number): Promise<ThreadOutcome<Answer>>;
  hasEnded(): boolean;
  end(): Promise<void>;
}

/** See {@link ChildOptions}. A process that has nothing to do does not keep ours alive. */
export function startChild<Answer extends { kind: string }>(options: ChildOptions): Child<Answer> {
  const child = forkChild(options);
  const answers = answersOf<Answer>(child, options.name);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()).once("error", () => resolve()));
  return {
    async ask(task, timeoutMs) {
      hold(child);
      await answers.ready;
      const answered = answers.next();
      // A channel that is closed is told by the end of the process.
      child.send(task as object, () => undefined);
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      const outcome = await answered.finally(() => clearTimeout(timer));
      letGo(child);
      return outcome;
    },
    hasEnded: answers.hasEnded,
    async end() {
      // Our own process must not end before it has heard of it.
      hold(child);
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function forkChild({ from, source, bundled, args }: ChildOptions): ChildProcess {
  const isSource = from.endsWith(".ts");
  const entry = fileURLToPath(new URL(isSource ? source : bundled, from));
  const execArgv = isSource ? ["--import", typescriptLoader(from, "dist/loader.mjs")] : [];
  const child = fork(entry, args, { execArgv, env: {}, serialization: "advanced", stdio: ["ignore", "ignore", "ignore", "ipc"] });
  letGo(child);
  return child;
}

function hold(child: ChildProcess): void {
  child.ref();
  child.channel?.ref();
}

function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}
