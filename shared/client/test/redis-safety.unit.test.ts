import { expect, it } from "vitest";
import { unsafeSettings } from "../src/redis-safety.ts";

const redisThatSays = (info: Record<string, string>) => ({ info: async (section: string) => info[section] ?? "" });

it("finds nothing to warn of in a server that keeps everything", async () => {
  const safe = redisThatSays({
    memory: "# Memory\r\nused_memory:1\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n",
    persistence: "# Persistence\r\naof_enabled:1\r\n",
  });
  expect(await unsafeSettings(safe)).toEqual([]);
});

it("names each setting under which requests can be lost, and what is wanted", async () => {
  const unsafe = redisThatSays({ memory: "maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", persistence: "aof_enabled:0\r\n" });
  expect(await unsafeSettings(unsafe)).toMatchObject([
    { setting: "maxmemory", found: "0", wanted: "a limit below the machine's memory" },
    { setting: "maxmemory-policy", found: "allkeys-lru", wanted: "noeviction" },
    { setting: "appendonly", found: "no", wanted: "yes" },
  ]);
});

it("takes a server that does not say for an unsafe one", async () => {
  expect(await unsafeSettings(redisThatSays({}))).toMatchObject([{ found: "unknown" }, { found: "unknown" }]);
});
