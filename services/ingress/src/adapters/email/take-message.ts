import { once } from "node:events";
import type { InboundSource } from "@openticket/contract";
import type { SMTPServerDataStream } from "smtp-server";
import { type Received, type ReceiveMailDeps, receiveMail } from "../../intake/receive-mail.ts";
import { ANSWERS } from "./answers.ts";

/** A recipient whom a sender was told yes, and the mailbox that it led to. */
export interface Recipient {
  /** As given. */
  address: string;
  mailbox: string;
}

export interface TakeMessageOptions {
  maxBytes: number;
  maxHops: number;
}

/**
 * Stores what comes after DATA; gives back what the sender is told. The stream is read to its end also when it is refused,
 * so that the sender gets to read why. Throws the answer that it gets otherwise; throws the stream's own error when its
 * sender has gone.
 */
export async function takeMessage(
  stream: SMTPServerDataStream,
  recipients: readonly Recipient[],
  source: Omit<InboundSource, "envelopeTo">,
  { maxBytes, maxHops, ...deps }: TakeMessageOptions & ReceiveMailDeps,
): Promise<Extract<Received, { kind: "received" }>> {
  const raw = stream.iterator({ destroyOnReturn: false });
  try {
    const received = await receiveMail(raw, { mailboxes: byMailbox(recipients), source, maxBytes, maxHops }, deps);
    if (received.kind === "received") return received;
    await readAway(stream);
    throw received.kind === "too-large" ? ANSWERS.tooLarge(maxBytes) : ANSWERS.tooManyHops(maxHops);
  } catch (error) {
    await readAway(stream);
    throw error;
  }
}

function byMailbox(recipients: readonly Recipient[]): { address: string; envelopeTo: string[] }[] {
  const grouped = new Map<string, Set<string>>();
  for (const { address, mailbox } of recipients) grouped.set(mailbox, (grouped.get(mailbox) ?? new Set()).add(address));
  return [...grouped].map(([address, envelopeTo]) => ({ address, envelopeTo: [...envelopeTo] }));
}

async function readAway(stream: SMTPServerDataStream): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return;
  stream.resume();
  await once(stream, "close").catch(() => undefined);
}

/** True when the sender went away, or was sent away, before its message had ended. */
export function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ERR_STREAM_PREMATURE_CLOSE", "ECONNECTION"].includes(String(error.code));
}
