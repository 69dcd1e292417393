import { type DestinationStream, type Logger, pino, type SerializedError } from "pino";
import { gatherTurn } from "./gather-turn.ts";
import { standardOutput } from "./standard-output.ts";

export type { Logger } from "pino";

/** Fields that may hold secrets or people's data, wherever they stand in a logged object. */
const SECRET_FIELDS = ["secret", "password", "accesskey", "c", "authorization", "cookie", "secretHash", "passwordHash", "subject", "message", "email"];

/**
 * What a line holds of an error beside its name, message and stack. Everything else may hold secrets and people's data: Redis'
 * client puts the whole command into it that failed, the drivers and nodemailer what was written.
 */
const ERROR_FIELDS = ["code", "codeName", "responseCode", "syscall"] as const;

/** JSON lines on standard output: one event a line, with secrets cut out; of an `err` what {@link ERROR_FIELDS} says. Never fails. */
export function makeLogger({ name, level, destination }: { name: string; level: string; destination?: DestinationStream }): Logger {
  const paths = SECRET_FIELDS.flatMap((field) => (field === "message" ? [`*.ticket.${field}`] : [`${field}`, `*.${field}`]));
  const options = { name, level, redact: { paths, censor: "[redacted]" }, serializers: { err: readError }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, destination ?? linesOfTurns());
}

function readError(error: unknown): unknown {
  return error instanceof Error ? shownOf(pino.stdSerializers.err(error)) : String(error);
}

function shownOf({ type, message, stack, aggregateErrors, ...others }: SerializedError): Record<string, unknown> {
  const shown = ERROR_FIELDS.flatMap((field) => (others[field] === undefined ? [] : [[field, others[field]] as const]));
  return { type, message, stack, ...Object.fromEntries(shown), ...(aggregateErrors && { errors: aggregateErrors.map(shownOf) }) };
}

/** One for the process, however many loggers it has. */
let opened: DestinationStream | undefined;

/** Whole lines up to that size come unbroken through a pipe that several processes write to (POSIX's PIPE_BUF), bytes. */
const PIPE_BYTES = 4096;
/** Lines of that level and above are written at once: they may be the last. */
const URGENT_LEVEL = pino.levels.values.error ?? 0;

/**
 * The lines of one turn of the event loop in few writes: each write wakes whoever reads them, which costs more than the line.
 * A process that ends by itself has written all of them; one that is killed, or aborts, lacks those of its last turn.
 */
function linesOfTurns(): DestinationStream {
  if (opened) return opened;
  let waitingBytes = 0;
  let isEnding = false;
  const lines = gatherTurn<string>((turn) => {
    waitingBytes = 0;
    standardOutput.write(turn.join(""));
  });
  process.on("exit", () => {
    isEnding = true;
    lines.flush();
  });
  const destination = {
    // Asks pino for the level of each line.
    [Symbol.for("pino.metadata")]: true,
    lastLevel: 0,
    write(line: string) {
      const bytes = Buffer.byteLength(line);
      if (waitingBytes + bytes > PIPE_BYTES) lines.flush();
      waitingBytes += bytes;
      lines.add(line);
      if (isEnding || destination.lastLevel >= URGENT_LEVEL) lines.flush();
    },
  };
  opened = destination;
  return opened;
}
