import type { UnderstoodMail } from "../understood-mail.ts";

/** What became of one mail. `unreadable`: it crashed, hung or exhausted its parser; the reason is for people. */
export type MailReading = { kind: "understood"; mail: UnderstoodMail } | { kind: "unreadable"; reason: string };

/** What a thread is told once, when it starts. */
export interface ThreadStart {
  withHtml: boolean;
}

/** To the thread: mails one behind the other, and where each of them ends. */
export interface ThreadTask {
  bytes: Uint8Array;
  ends: readonly number[];
}

/** From the thread, for each task: a reading for each of its mails. */
export interface ThreadAnswer {
  kind: "read";
  readings: MailReading[];
}
