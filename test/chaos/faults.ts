import type { Redis } from "ioredis";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import type { Cluster } from "./cluster.ts";
import type { FaultLog } from "./fault-log.ts";
import type { Fleet, Slot } from "./fleet.ts";
import type { Random } from "./random.ts";

/**
 * What goes wrong. Two lanes run side by side: one breaks processes of the product and their network, the other the
 * databases. Each waits until its fault is mended before it makes the next, so that never all is broken for long.
 */
export interface FaultDeps {
  cluster: Cluster;
  fleet: Fleet;
  random: Random;
  log: FaultLog;
  /** Sockets of the producers that speak to Redis themselves. */
  producerProxies: TcpProxy[];
  /** Past every proxy. */
  redis: Redis;
  /** How much more often than usual doors are killed; 1 but for a broken program whose fault only that shows. */
  doorKillsFactor: number;
  /** Resolves at the next burst of requests, a moment later: then there is something to break. */
  nextBurst(): Promise<void>;
}

type Breaker = (deps: FaultDeps) => Promise<void>;

/** A worker's lock is 5 s: stopped for longer, its jobs are taken by others while it has them in hand. */
const PAST_LOCK_MS = { min: 5500, max: 8000 };
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const PROCESS_FAULTS = {
  "worker killed": 28,
  "worker stopped past its lock": 8,
  "worker drained and restarted": 5,
  "workers added or removed": 8,
  "worker with a wrong clock": 6,
  "door killed": 12,
  "door stopped": 5,
  "door drained and restarted": 4,
  "sockets to Redis cut": 18,
  "sockets to Redis slowed": 7,
  "network to Redis frozen": 4,
};

const DATABASE_FAULTS = {
  "primary stepped down": 14,
  "primary killed": 10,
  "secondary killed": 10,
  "primary stopped": 7,
  "majority stopped": 4,
  "sockets to MongoDB cut": 20,
  "sockets to MongoDB slowed": 8,
  "Redis killed": 14,
  "Redis stopped": 8,
};

const BREAKERS: Record<keyof typeof PROCESS_FAULTS | keyof typeof DATABASE_FAULTS, Breaker> = {
  "worker killed": (deps) => withSlot(workerOf(deps), deps, "worker killed", (slot) => killAndRestart(slot, deps)),
  "worker stopped past its lock": (deps) => withSlot(workerOf(deps), deps, "worker stopped past its lock", (slot) => stopFor(slot, PAST_LOCK_MS, deps)),
  "worker drained and restarted": (deps) => withSlot(workerOf(deps), deps, "worker drained and restarted", drainAndRestart),
  "workers added or removed": changeWorkers,
  "worker with a wrong clock": (deps) => withSlot(workerOf(deps), deps, "worker with a wrong clock", (slot) => skewClock(slot, deps)),
  "door killed": (deps) => withSlot(doorOf(deps), deps, "door killed", (slot) => killAndRestart(slot, deps)),
  "door stopped": (deps) => withSlot(doorOf(deps), deps, "door stopped", (slot) => stopFor(slot, { min: 1000, max: 6000 }, deps)),
  "door drained and restarted": (deps) => withSlot(doorOf(deps), deps, "door drained and restarted", drainAndRestart),
  "sockets to Redis cut": (deps) => onRedisProxy(deps, "sockets to Redis cut", async (proxy) => proxy.cut()),
  "sockets to Redis slowed": (deps) =>
    onRedisProxy(deps, "sockets to Redis slowed", async (proxy) => {
      proxy.slow(deps.random.between(20, 300));
      await sleep(deps.random.between(1000, 4000));
      proxy.slow(0);
    }),
  "network to Redis frozen": (deps) =>
    onRedisProxy(deps, "network to Redis frozen", async (proxy) => {
      proxy.freeze();
      await sleep(deps.random.between(1000, 15_000));
      proxy.thaw();
      // What hung on the old connections is gone, as behind a firewall that has forgotten them.
      if (deps.random.chance(0.5)) proxy.cut();
    }),
  "primary stepped down": (deps) =>
    onPrimary(deps, "primary stepped down", async (primary) => {
      await deps.cluster.command(primary, { replSetStepDown: 5, secondaryCatchUpPeriodSecs: 2, force: true }).catch(unlessNoPrimary);
    }),
  "primary killed": (deps) => onPrimary(deps, "primary killed", (primary) => killServer(primary, deps)),
  "secondary killed": async (deps) => {
    const primary = await deps.cluster.primary();
    const secondary = deps.random.pick(asSome(deps.cluster.members.filter((member) => member !== primary)));
    await deps.log.during("secondary killed", secondary.name, () => killServer(secondary, deps));
  },
  "primary stopped": (deps) =>
    onPrimary(deps, "primary stopped", async (primary) => {
      primary.freeze();
      await sleep(deps.random.between(1000, 8000));
      primary.thaw();
    }),
  "majority stopped": (deps) =>
    deps.log.during("majority stopped", "MongoDB", async () => {
      const stopped = deps.cluster.members.filter((_, index) => index !== 2);
      for (const member of stopped) member.freeze();
      await sleep(deps.random.between(2000, 8000));
      for (const member of stopped) member.thaw();
    }),
  "sockets to MongoDB cut": async (deps) => {
    const primary = deps.random.chance(0.7) ? await deps.cluster.primary() : undefined;
    const { name, proxy } = primary ?? deps.random.pick(asSome(deps.cluster.members));
    await deps.log.during("sockets to MongoDB cut", name, async () => proxy.cut());
  },
  "sockets to MongoDB slowed": async (deps) => {
    const member = deps.random.pick(asSome(deps.cluster.members));
    await deps.log.during("sockets to MongoDB slowed", member.name, async () => {
      member.proxy.slow(deps.random.between(10, 150));
      await sleep(deps.random.between(1000, 4000));
      member.proxy.slow(0);
    });
  },
  "Redis killed": (deps) => deps.log.during("Redis killed", "Redis", () => killServer(deps.cluster.redis, deps)),
  "Redis stopped": (deps) =>
    deps.log.during("Redis stopped", "Redis", async () => {
      deps.cluster.redis.freeze();
      await sleep(deps.random.between(500, 6000));
      deps.cluster.redis.thaw();
    }),
};

/** Breaks something of one lane, and mends it again. */
export function breakProcess(deps: FaultDeps): Promise<void> {
  const weights = { ...PROCESS_FAULTS, "door killed": PROCESS_FAULTS["door killed"] * deps.doorKillsFactor };
  return BREAKERS[deps.random.weighted(weights)](deps);
}

export function breakDatabase(deps: FaultDeps): Promise<void> {
  return BREAKERS[deps.random.weighted(DATABASE_FAULTS)](deps);
}

/** Redis loses everything, at a moment at which requests wait in it: its workers are stopped for that while. */
export async function emptyRedis({ fleet, redis, log, nextBurst }: FaultDeps): Promise<void> {
  await log.during("Redis emptied", "Redis", async () => {
    const running = fleet.workers.filter((slot) => slot.isUp());
    for (const slot of running) slot.freeze();
    await nextBurst();
    await sleep(200);
    await redis.flushall();
    for (const slot of running) slot.thaw();
  });
}

function workerOf({ fleet, random }: FaultDeps): Slot {
  const up = fleet.workers.filter((slot) => slot.isUp());
  return random.pick(asSome(up.length > 0 ? up : fleet.workers));
}

function doorOf({ fleet, random }: FaultDeps): Slot {
  return random.pick(asSome(fleet.doors));
}

async function withSlot(slot: Slot, { log, nextBurst }: FaultDeps, kind: string, work: (slot: Slot) => Promise<void>): Promise<void> {
  await nextBurst();
  await log.during(kind, slot.name, () => work(slot));
}

async function killAndRestart(slot: Slot, { random }: FaultDeps): Promise<void> {
  await slot.kill();
  await sleep(random.between(0, 2000));
  await slot.up();
}

async function drainAndRestart(slot: Slot): Promise<void> {
  await slot.drain();
  await slot.up();
}

async function stopFor(slot: Slot, { min, max }: { min: number; max: number }, { random }: FaultDeps): Promise<void> {
  slot.freeze();
  await sleep(random.between(min, max));
  slot.thaw();
}

/** From one to all workers are there; whoever has to go is drained or killed. */
async function changeWorkers(deps: FaultDeps): Promise<void> {
  const { fleet, random, log } = deps;
  const wanted = random.between(1, fleet.workers.length);
  await log.during("workers added or removed", `to ${wanted}`, async () => {
    const change = (slot: Slot, index: number) => (index < wanted ? slot.up() : random.chance(0.5) ? slot.drain() : slot.kill());
    await Promise.all(fleet.workers.map(change));
  });
}

async function skewClock(slot: Slot, { random }: FaultDeps): Promise<void> {
  const skewMs = random.between(2, 90) * 60_000 * (random.chance(0.5) ? 1 : -1);
  await slot.kill();
  await slot.up({ NODE_OPTIONS: `--import ${new URL("skewed-clock.mjs", import.meta.url).href}`, CHAOS_CLOCK_SKEW_MS: String(skewMs) });
}

async function onRedisProxy(
  { fleet, producerProxies, random, log, nextBurst }: FaultDeps,
  kind: string,
  work: (proxy: TcpProxy) => Promise<void>,
): Promise<void> {
  const slots = [...fleet.workers, ...fleet.doors].map(({ name, proxy }) => ({ name, proxy }));
  const target = random.pick(asSome([...slots, ...producerProxies.map((proxy, index) => ({ name: `producer ${index + 1}`, proxy }))]));
  await nextBurst();
  await log.during(kind, target.name, () => work(target.proxy));
}

async function onPrimary({ cluster, log, nextBurst }: FaultDeps, kind: string, work: (primary: Cluster["members"][number]) => Promise<void>): Promise<void> {
  const primary = await cluster.primary();
  if (!primary) return;
  await nextBurst();
  await log.during(kind, primary.name, () => work(primary));
}

/** On a busy machine the members may have elected another one meanwhile. */
function unlessNoPrimary(error: { codeName?: string }): void {
  if (error.codeName !== "NotWritablePrimary") throw error;
}

async function killServer(server: { kill(): Promise<void>; restart(): Promise<void> }, { random }: FaultDeps): Promise<void> {
  await server.kill();
  await sleep(random.between(200, 4000));
  await server.restart();
}

function asSome<T>(items: readonly T[]): readonly [T, ...T[]] {
  const [first, ...rest] = items;
  if (first === undefined) throw new Error("nothing to break");
  return [first, ...rest];
}
