/** Redis cannot be reached, or has refused. Nothing came of this call, and nothing will. */
export class QueueUnavailable extends Error {
  override name = "QueueUnavailable";
}

/**
 * The command was sent, and its reply, or Redis' own answer, did not come in time: it may be done, now or later. The outcome can
 * be asked for by the requestId, and repeating the command with the same idempotency key is safe.
 */
export class ReplyTimeout extends Error {
  override name = "ReplyTimeout";
  readonly requestId: string;

  constructor(requestId: string, options?: ErrorOptions) {
    super(`no reply to ${requestId} in time; its outcome can be asked for later`, options);
    this.requestId = requestId;
  }
}

/** As many callers wait for replies as this process allows. Nothing was sent. */
export class TooManyWaiting extends Error {
  override name = "TooManyWaiting";
}

/** The parameters cannot be sent as they are; the message says what would be right. Nothing was sent. */
export class InvalidParams extends Error {
  override name = "InvalidParams";
}

/** The Redis URL, or the key prefix with it, cannot be used; the message says what would be right. */
export class BadRedisUrl extends Error {
  override name = "BadRedisUrl";
}
