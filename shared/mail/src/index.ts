// The public surface: what is understood of raw mail. Knows no ticket, no store and no network.
export * from "./understood-mail.ts";
