/** What stands for "-", of which the parser makes the same as of an empty text: no file can have this name. */
export const STANDARD_OUTPUT = "\0";

/** A positional argument that names a file to write. */
export const TARGET_FILE = { type: "string", demandOption: true, describe: "Where to; - is standard output" } as const;

/** The command line with {@link STANDARD_OUTPUT} for "-". */
export function withStandardOutput(args: readonly string[]): string[] {
  return args.map((arg) => (arg === "-" ? STANDARD_OUTPUT : arg));
}
