import type { RedisConnection, ReplyPublisher } from "@openticket/client";
import type { CommandResult } from "@openticket/contract";
import { inTime } from "@openticket/store";

/** An answer is tried again later when Redis does not take it, as it would hold up mails, ms. */
const LATE_ANSWER_TIMEOUT_MS = 20_000;

/** Redis is away: nothing was tried. */
export class AnswerDelayed extends Error {
  override name = "AnswerDelayed";
}

/**
 * Gives an answer that was left to the relay. Nothing is put in line while Redis is away: it would go out when Redis is back, from
 * each worker that has tried it meanwhile, although its delivery was put off; and once more when that is due.
 */
export function makeLateAnswer({ redis, replies }: LateAnswerDeps) {
  return async (queue: string, result: CommandResult): Promise<void> => {
    if (redis.status !== "ready") throw new AnswerDelayed("Redis cannot be reached");
    await inTime(replies.publish(queue, result), LATE_ANSWER_TIMEOUT_MS);
  };
}

interface LateAnswerDeps {
  redis: Pick<RedisConnection, "status">;
  replies: Pick<ReplyPublisher, "publish">;
}
