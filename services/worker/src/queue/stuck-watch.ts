import { type Logger, type Loop, type Metrics, startLoop } from "@openticket/runtime";
import { restartsTotal } from "../fault-counters.ts";

/**
 * Notices a consumer that takes nothing although work is waiting.
 *
 * Problem: a connection into a frozen network says nothing and reports no error; the consumer looks as if it were idle.
 * The socket's time-out ends most of those. Choice: look from outside as well, and begin anew when the queue's depth and
 * the consumer's silence contradict one another for a while.
 */
export interface StuckWatchDeps {
  /** Commands that wait and may be taken: none of a paused queue. */
  waiting(): Promise<number>;
  consumer: { inHand(): number; silentForMs(): number; restart(): void };
  random(): number;
  logger: Logger;
  metrics: Metrics;
}

const LOOK_INTERVAL_MS = 5000;
/** A consumer that is well takes a waiting command within milliseconds, ms. */
const STUCK_AFTER_MS = 20_000;

/** See the head of the file. */
export function startStuckWatch(deps: StuckWatchDeps): Loop {
  return startLoop({
    async round() {
      await lookOnce(deps);
      return false;
    },
    intervalMs: LOOK_INTERVAL_MS,
    random: deps.random,
    onFault: (err) => deps.logger.warn({ err }, "queue depth not known"),
  });
}

/** One look; the consumer is begun anew when it is stuck. */
export async function lookOnce({ waiting, consumer, logger, metrics }: StuckWatchDeps): Promise<void> {
  const isSilent = () => consumer.inHand() === 0 && consumer.silentForMs() >= STUCK_AFTER_MS;
  if (!isSilent()) return;
  const depth = await waiting();
  // It may have begun to take while the queue was asked.
  if (depth === 0 || !isSilent()) return;
  logger.error({ depth, silentForMs: Math.round(consumer.silentForMs()) }, "consumer stuck, begun anew");
  restartsTotal(metrics).inc();
  consumer.restart();
}
