import type { FolderProgress, InboundSource, SkippedMessage } from "@openticket/contract";
import type { Delivery, Received } from "../../intake/receive-mail.ts";
import type { Wanted } from "./progress.ts";
import type { FolderView, MessageHead } from "./session.ts";

/** What the import of a folder needs from the outside. */
export interface ImportDeps {
  receive(raw: AsyncIterable<Uint8Array>, delivery: Delivery): Promise<Received>;
  /** The mailboxes that a message is for; none: it stays where it is. Throws on an outage. */
  mailboxesOf(message: MessageHead): Promise<Delivery["mailboxes"]>;
  /** Throws when nothing more can be taken. */
  gate(): Promise<void>;
  /** Writes the progress; throws when the lease is lost. */
  save(progress: FolderProgress, skipped: readonly SkippedMessage[]): Promise<void>;
  isOutage(error: unknown): boolean;
  now(): Date;
  report: ImportReport;
}

/** What the operator hears of. */
export interface ImportReport {
  taken(result: "stored" | "repetition" | "skipped" | "failed", message: { uid: number; reason?: string }): void;
  /** Messages are stored, but the server refuses to flag, move or delete them. */
  notFinished(uids: readonly number[]): void;
  /** The folder's numbering is another one: all of it is read again. */
  renumbered(): void;
}

export interface ImportOptions {
  maxBytes: number;
  maxHops: number;
  source: Omit<InboundSource, "envelopeTo">;
  wanted: Wanted;
}

/** Progress so far, and the view of the folder in which all was settled. */
export interface FolderState {
  progress: FolderProgress;
  complete: FolderView | undefined;
}
