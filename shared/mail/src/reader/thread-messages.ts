import type { UnderstoodMail } from "../understood-mail.ts";

/** What became of one mail. `unreadable`: it crashed, hung or exhausted its parser; the reason is for people. */
export type MailReading = { kind: "understood"; mail: UnderstoodMail } | { kind: "unreadable"; reason: string };

/** From the thread: that it can take mails, then one answer for each. */
export type ThreadAnswer = { kind: "ready" } | MailReading;
