/** Bounds of the contract. Sizes in bytes of UTF-8 or of decoded content; doors may be configured tighter, never wider. */
export const LIMITS = {
  /** A requestId, correlation id or queue name. */
  idLength: 200,
  /** An idempotency key as the caller gives it, in characters. */
  idempotencyKeyLength: 255,
  /** Fields of a command's source beside those that we know, and each text of it, in characters. */
  sourceExtras: 20,
  sourceTextLength: 1000,
  /** Subject, in characters: longer ones are cut, and the cut is noted on the ticket. */
  subjectLength: 1000,
  /** Name and e-mail address of the opener, in characters (the longest legal address is 254). */
  nameLength: 255,
  emailLength: 254,
  /** Message text. */
  messageBytes: 8 * 1024 * 1024,
  /** Attachments of one ticket. */
  attachments: 50,
  attachmentNameLength: 255,
  /** Inline attachment content of one command, all together: larger files go to the blob store first. */
  inlineAttachmentBytes: 1024 * 1024,
  /** Custom fields of one ticket, how deep their values nest, and the JSON of those of one request. */
  customFields: 500,
  customFieldDepth: 8,
  customFieldsBytes: 1024 * 1024,
} as const;
