/** What "-" stands for: standard output. */
export const STANDARD_OUTPUT = "-";

/** A positional argument that names a file to write. The parser makes an empty text of "-". */
export const TARGET_FILE = {
  type: "string",
  demandOption: true,
  describe: "Where to; - is standard output",
  coerce: (file: string) => file || STANDARD_OUTPUT,
} as const;
