// The public surface: what is understood of raw mail. Knows no ticket, no store and no network.
export { type MailReader, type MailReaderOptions, makeMailReader } from "./reader/make-mail-reader.ts";
export type { MailReading } from "./reader/thread-messages.ts";
export { decodePart } from "./transfer/decode-part.ts";
export { understandMail } from "./understand-mail.ts";
export * from "./understood-mail.ts";
