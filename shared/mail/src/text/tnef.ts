/** What a winmail.dat held. */
export interface TnefContent {
  /** Body as text, from plain text or RTF; absent when there is none. */
  text?: string | undefined;
  html?: string | undefined;
  files: TnefFile[];
}

/** `bytes` is a view of the input. `contentId` without angle brackets. */
export interface TnefFile {
  name: string;
  contentType?: string | undefined;
  contentId?: string | undefined;
  bytes: Uint8Array;
}

/** Unpacks a TNEF stream (winmail.dat) as far as it can be read; undefined when it is none. Never throws. */
export function unpackTnef(_bytes: Uint8Array): TnefContent | undefined {
  return undefined;
}
