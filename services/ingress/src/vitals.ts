import type { StoreConnection } from "@openticket/store";
import type { Vitals } from "./intake/gate.ts";
import type { makeCommandQueue } from "./queue/command-queue.ts";

/** A store that takes longer for a ping is held to be away, ms. */
const STORE_ANSWER_MS = 1500;

/** How store and queue are; what does not answer soon does not answer. */
export async function readVitals(queue: ReturnType<typeof makeCommandQueue>, store: StoreConnection): Promise<Vitals> {
  const late = new Promise<"late">((resolve) => setTimeout(resolve, STORE_ANSWER_MS, "late").unref());
  const [vitals, pong] = await Promise.all([queue.vitals().catch(() => undefined), Promise.race([store.ping().catch(() => "late" as const), late])]);
  return { queueDepth: vitals?.depth, redisMemory: vitals?.memory, storeAnswers: pong !== "late", isClosed: vitals?.isClosed ?? false };
}
