import { QueueUnavailable } from "./errors.ts";
import { inCommandTime } from "./in-command-time.ts";
import { connectRedis, type RedisConnection, type RedisTarget } from "./redis.ts";

/** A connection that has had its first answer. Throws {@link QueueUnavailable}, in about 2 s, with what the connection met; BadRedisUrl. */
export async function reachRedis(target: RedisTarget): Promise<RedisConnection> {
  let met: (Error & { code?: string }) | undefined;
  const onError = (error: Error) => {
    met = error;
    target.onError?.(error);
  };
  const connection = connectRedis({ ...target, onError });
  try {
    await inCommandTime(connection.ping());
    return connection;
  } catch (error) {
    connection.disconnect();
    const fault = met ?? (error as Error);
    throw new QueueUnavailable(`Redis cannot be reached: ${fault.message || met?.code}`, { cause: error });
  }
}
