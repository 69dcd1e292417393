/** How far a folder of an IMAP account has been read; see the store's mail folders. */
export interface FolderProgress {
  /** The server's mark of the folder's numbering, digits; "" before the first look. UIDs mean something under one of it alone. */
  uidValidity: string;
  /** Messages that the server got before are not wanted in this numbering. */
  since?: Date | undefined;
  /** Every message up to this UID is settled, not wanted, or was never there. */
  floor: number;
  /** Settled UIDs above {@link floor}: ranges from and to, ascending, with a gap before each. */
  settled: [from: number, to: number][];
  /** Messages that could not be taken yet. */
  failing: FailingMessage[];
}

export interface FailingMessage {
  uid: number;
  tries: number;
  retryAt: Date;
}

/** A message that was given up, or is not wanted: it stays in its folder, untouched, and is not looked at again. */
export interface SkippedMessage {
  uidValidity: string;
  uid: number;
  /** `too-large`, `too-many-hops`, `no-mailbox`, `unreadable`. */
  reason: string;
  /** As the server says, bytes. */
  size?: number;
  at: Date;
}

/** The right to read a folder, for a time; whoever takes it later gets a higher token, and the earlier one is worth nothing. */
export interface FolderLease {
  token: number;
  progress: FolderProgress;
  /** When the folder was first known, by the store's clock. */
  knownSince: Date;
}

/** What an operator sees of a folder. */
export interface FolderOverview extends FolderProgress {
  folder: string;
  /** The process that reads it; absent when none does. */
  holder?: string;
  /** The last ones. */
  skipped: SkippedMessage[];
}
