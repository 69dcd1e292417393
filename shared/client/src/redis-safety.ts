import type { ClientLogger } from "./client-logger.ts";
import { infoField } from "./redis-info.ts";

/** What is needed of a connection; ioredis' fits. */
interface AnswersInfo {
  readonly status?: string;
  info(section: string): Promise<string>;
}

/** A setting of Redis under which accepted requests can be lost. */
export interface UnsafeSetting {
  setting: "maxmemory" | "maxmemory-policy" | "appendonly";
  found: string;
  wanted: string;
  because: string;
}

/** Reads the settings that the queue's safety rests on, through INFO: managed servers refuse CONFIG. Empty: all is well. */
export async function unsafeSettings(redis: AnswersInfo): Promise<UnsafeSetting[]> {
  const memory = await redis.info("memory");
  const limit = infoField(memory, "maxmemory") ?? "unknown";
  const policy = infoField(memory, "maxmemory_policy") ?? "unknown";
  const appendOnly = infoField(await redis.info("persistence"), "aof_enabled") ?? "unknown";
  const settings: (UnsafeSetting & { isSafe: boolean })[] = [
    {
      setting: "maxmemory",
      found: limit,
      wanted: "a limit below the machine's memory",
      because: "doors stop at 80 % of it; without it Redis is ended when the machine's memory is used up",
      isSafe: limit !== "0",
    },
    {
      setting: "maxmemory-policy",
      found: policy,
      wanted: "noeviction",
      because: "a full Redis would throw waiting requests away",
      isSafe: policy === "noeviction",
    },
    {
      setting: "appendonly",
      found: appendOnly === "0" ? "no" : appendOnly,
      wanted: "yes",
      because: "a restart of Redis would forget waiting requests",
      isSafe: appendOnly === "1",
    },
  ];
  return settings.filter(({ isSafe }) => !isSafe).map(({ isSafe: _, ...unsafe }) => unsafe);
}

/** From INFO memory: what is in use of what may be used; 0 where there is no limit. */
export function memoryInUse(info: string): number {
  const [used, limit] = [Number(infoField(info, "used_memory")), Number(infoField(info, "maxmemory"))];
  return limit > 0 ? used / limit : 0;
}

/** Says in the log, once Redis answers, each setting under which requests can be lost. Ends by itself; never throws. */
export async function warnOfUnsafeSettings(redis: AnswersInfo, logger: ClientLogger): Promise<void> {
  try {
    for (const unsafe of await unsafeSettings(redis)) logger.warn({ ...unsafe }, "redis may lose requests");
  } catch (err) {
    // A process that stops meanwhile has nothing to warn of.
    if (redis.status !== "end") logger.warn({ err }, "redis settings not checked");
  }
}
