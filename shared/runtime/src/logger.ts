import { type DestinationStream, type Logger, pino } from "pino";
import { gatherTurn } from "./gather-turn.ts";

export type { Logger } from "pino";

/** Fields that may hold secrets or people's data, wherever they stand in a logged object. */
const SECRET_FIELDS = ["secret", "password", "accesskey", "c", "authorization", "cookie", "secretHash", "passwordHash", "subject", "message", "email"];

/** JSON lines on standard output: one event a line, with secrets cut out. `err` fields keep name, message and stack. */
export function makeLogger({ name, level, destination }: { name: string; level: string; destination?: DestinationStream }): Logger {
  const paths = SECRET_FIELDS.flatMap((field) => (field === "message" ? [`*.ticket.${field}`] : [`${field}`, `*.${field}`]));
  const options = { name, level, redact: { paths, censor: "[redacted]" }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, destination ?? standardOutput());
}

/** One for the process, however many loggers it has. */
let opened: DestinationStream | undefined;

/**
 * The lines of one turn of the event loop in one write: each write wakes whoever reads them, which costs more than the line.
 * A process that ends by itself has written all of them; one that is killed lacks those of its last turn.
 */
function standardOutput(): DestinationStream {
  if (opened) return opened;
  const output = pino.destination({ dest: 1, sync: true });
  const lines = gatherTurn<string>((turn) => output.write(turn.join("")));
  process.on("exit", lines.flush);
  opened = { write: lines.add };
  return opened;
}
