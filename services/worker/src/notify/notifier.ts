import type { OutboxEntry, ReplyRecord, TicketHead, TicketRecord } from "@openticket/contract";
import type { Abridged } from "../abridge.ts";
import { displayName, type MailAddress, sendableAddress } from "./address.ts";
import type { NotifyConfig } from "./config.ts";
import { makeGate } from "./gate.ts";
import { type Department, type Letter, letterOf, type MailTemplate, type MailTopic, type Refusal, refusalLetterOf } from "./letter.ts";
import { MailRejected } from "./mail-rejected.ts";
import type { MailTransport } from "./mail-transport.ts";

/**
 * Sends the mails that tickets owe.
 *
 * A mail is written anew for each try, from ticket and reply alone: nothing of it is stored, and the same delivery has the same
 * Message-ID whenever and wherever it is made. So sending twice, which a crash in between can cause, is recognisable.
 */
export interface Notifier {
  /**
   * Writes and sends one owed mail. Throws `MailRejected` when it can never be delivered; `MailDelayed`, or a fault of
   * what it depends on, when a later try may work (`MailDelayed.because === "busy"`: nothing was tried at all).
   */
  deliver(ticket: TicketRecord & Abridged, entry: OutboxEntry): Promise<void>;
  /** The same for a mail that a reply owes. */
  deliverReply(ticket: TicketHead, reply: ReplyRecord & Abridged, entry: OutboxEntry): Promise<void>;
  /** Sends a mail that says why another was refused, with the null sender. Throws as {@link deliver} does. */
  refuse(refusal: Refusal): Promise<void>;
  /** Turns away what waits for its turn and waits for what is being sent. The transport is closed after it. */
  close(): Promise<void>;
}

export interface NotifierDeps {
  transport: MailTransport;
  config: Pick<NotifyConfig, "MAIL_MESSAGE_MAX_CHARS">;
  now(): Date;
  /** Name and address of a ticket's department; undefined when it is there no more. */
  describeDepartment(id: number): Promise<Department | undefined>;
  /** Until when nothing is sent to an address, and why: a mail to it came back. */
  findMute?: ((address: string) => Promise<{ until: Date; because: string } | undefined>) | undefined;
}

/**
 * How long a mail waits for its turn, ms. With its wait for a place (2 s), the pace (10 s), the longest sending (40 s, see
 * `MAIL_SEND_TIMEOUT_MS`, and 5 s until a stuck thread is ended) and the mark less than the 90 s after which the outbox
 * relay takes the ticket: otherwise two would send the same mail side by side.
 */
const WAIT_MS = 15_000;
/** How long it is known that an address may be written to, ms. */
const KNOWN_FOR_MS = 500;

/** See {@link Notifier}. */
export function makeNotifier(deps: NotifierDeps): Notifier {
  const { transport, config, now, describeDepartment } = deps;
  const gate = makeGate({ slots: transport.concurrency, waitMs: WAIT_MS });
  async function sendInTurn(address: string, makeLetter: () => Promise<Letter>): Promise<void> {
    // Those that come together are asked for together. Whose turn is late asks again: while the store is away, so that no mark
    // would be taken, nothing is sent.
    await requireVoice(address, deps);
    const askedAt = now().getTime();
    await gate.run(async () => {
      if (now().getTime() - askedAt > KNOWN_FOR_MS) await requireVoice(address, deps);
      await transport.send(await makeLetter());
    });
  }
  async function send(topic: MailTopic, entry: OutboxEntry): Promise<void> {
    const { template, to } = readOwed(entry);
    await sendInTurn(to.address, async () => {
      const department = await describeDepartment(topic.ticket.deptid);
      return letterOf(topic, { template, to, department, at: now(), maxChars: config.MAIL_MESSAGE_MAX_CHARS });
    });
  }
  async function refuse(refusal: Refusal): Promise<void> {
    const address = sendableAddress(refusal.to.email);
    if (address === undefined) throw new MailRejected("The recipient's address is not valid");
    const to = { name: displayName(refusal.to.name), address };
    await sendInTurn(address, async () => refusalLetterOf(refusal, { to, department: await describeDepartment(refusal.deptid), at: now() }));
  }
  return {
    deliver: (ticket, entry) => send({ ticket, written: ticket }, entry),
    deliverReply: (ticket, reply, entry) => send({ ticket, written: reply, reply }, entry),
    refuse,
    close: () => gate.close(),
  };
}

/** Throws when a mail to that address came back for good not long ago: another one would, too. */
async function requireVoice(address: string, { findMute }: NotifierDeps): Promise<void> {
  const mute = await findMute?.(address);
  if (mute) throw new MailRejected(`Nothing is sent to this address until ${mute.until.toISOString()}: ${mute.because}`);
}

interface OwedMail {
  template: MailTemplate;
  to: MailAddress;
}

function readOwed({ kind, template, to }: OutboxEntry): OwedMail {
  if (kind !== "mail" || !template || !to) throw new MailRejected("The outbox entry names no template or no recipient");
  const address = sendableAddress(to.email);
  if (address === undefined) throw new MailRejected("The recipient's address is not valid");
  return { template, to: { name: displayName(to.name), address } };
}
