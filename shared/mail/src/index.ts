// The public surface: what is understood of raw mail. Knows no ticket, no store and no network.
export { decodePart } from "./transfer/decode-part.ts";
export { understandMail } from "./understand-mail.ts";
export * from "./understood-mail.ts";
