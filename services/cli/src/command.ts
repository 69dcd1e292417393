import type { Argv } from "yargs";
import type { Connections } from "./connections.ts";
import type { Output } from "./output.ts";

export interface CommandDeps {
  connections: Connections;
  output: Output;
}

/** What a command does; gives back an exit code when it is not 0. Throws {@link CliFailure} for what the operator can mend. */
export type Run<A> = (argv: A, deps: CommandDeps) => Promise<number | undefined>;

/** Adds a command to the parser; `wrap` makes its handler. */
export type Command = (parser: Argv, wrap: <A>(run: Run<A>) => (argv: A & { json?: boolean }) => Promise<void>) => Argv;
