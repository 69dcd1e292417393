/**
 * Why a request body was refused. The door maps each to a status; after any of them the rest of the body is still
 * unread (see drain.ts).
 */

/** The body, or one of its fields, is larger than allowed. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
  readonly limitBytes: number;

  constructor(limitBytes: number, what = "the body") {
    super(`${what} is larger than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

/** The content type, or its encoding, is none that is read here. */
export class UnsupportedBody extends Error {
  override readonly name = "UnsupportedBody";
  readonly contentType: string;

  constructor(contentType: string, wanted = "send application/x-www-form-urlencoded, multipart/form-data or application/json") {
    super(wanted);
    this.contentType = contentType;
  }
}

/** The body is not what its content type says, or is more deeply nested or has more fields than allowed. */
export class MalformedBody extends Error {
  override readonly name = "MalformedBody";
}

/** Which limit on attachments was exceeded. */
export type AttachmentRefusal = "too-many" | "too-large" | "too-large-together" | "extension-not-allowed";

/** An attachment exceeds a configured limit. `message` names the limit. */
export class AttachmentRefused extends Error {
  override readonly name = "AttachmentRefused";
  readonly reason: AttachmentRefusal;

  constructor(reason: AttachmentRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The client went away before the body was complete. Nobody is left to be answered. */
export class BodyAborted extends Error {
  override readonly name = "BodyAborted";

  constructor(options?: ErrorOptions) {
    super("the client went away before the body was complete", options);
  }
}
