import { EVENT_TEXT_LENGTH } from "@openticket/contract";

/**
 * Tickets and replies in hand, without the text that no delivery shows.
 *
 * Problem: hundreds are held while a mail relay hangs, and a message may have 8 MiB.
 * Choice: each is cut before it is held. Not by MongoDB: a mail says how many characters a message has in all, and MongoDB
 * counts other ones than JavaScript. Nor fewer records where they are large: ordinary ones would wait behind them.
 */
export interface Abridged {
  /** Of the whole message, characters; unset: the message is whole. */
  messageLength?: number | undefined;
}

/** What may be long in a ticket or a reply. */
interface Texts {
  message: string;
  fullText?: string | undefined;
}

/**
 * Gives a record with as much of its message as mails, of `shownChars`, and events are made of, and one character more: by that
 * they know that it was cut. What has no more text than that is given as it is.
 */
export function makeAbridger(shownChars: number): <T extends Texts>(record: T) => T & Abridged {
  const keptChars = Math.max(shownChars, EVENT_TEXT_LENGTH) + 1;
  return (record) => {
    const { message, fullText } = record;
    if (message.length <= keptChars && fullText === undefined) return record;
    // A copy: a slice would keep all that it was cut from.
    return { ...record, message: structuredClone(message.slice(0, keptChars)), messageLength: message.length, fullText: undefined };
  };
}
