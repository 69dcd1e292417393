import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Fields that may hold secrets or people's data, wherever they stand in a logged object. */
const SECRET_FIELDS = ["secret", "password", "accesskey", "c", "authorization", "cookie", "secretHash", "passwordHash", "subject", "message", "email"];

/** JSON lines on standard output: one event a line, with secrets cut out. `err` fields keep name, message and stack. */
export function makeLogger({ name, level, destination }: { name: string; level: string; destination?: DestinationStream }): Logger {
  const paths = SECRET_FIELDS.flatMap((field) => (field === "message" ? [`*.ticket.${field}`] : [`${field}`, `*.${field}`]));
  const options = { name, level, redact: { paths, censor: "[redacted]" }, timestamp: pino.stdTimeFunctions.isoTime };
  return destination ? pino(options, destination) : pino(options);
}
