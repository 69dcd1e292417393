import { createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { type Running, startProcess } from "../support/processes.ts";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

/** The services under test as processes of their own, each with a proxy of its own to Redis and somebody who starts it again. */
export interface Fleet {
  workers: Slot[];
  /** HTTP and mail doors alike. */
  doors: Slot[];
  httpDoors: Slot[];
  mailDoors: Slot[];
  /** Resident memory over the life of every process that there was. */
  lives: readonly Life[];
  /** Processes that ended though nobody ended them. */
  ownDeaths: readonly string[];
  /** Notes the memory of what is running. */
  sample(): void;
  stop(): Promise<void>;
}

/** A place in the fleet; processes come and go in it. */
export interface Slot {
  name: string;
  proxy: TcpProxy;
  /** Where a door listens for that protocol; undefined while it is not up, and where it does not speak it. */
  url(scheme: "http" | "smtp" | "lmtp"): string | undefined;
  isUp(): boolean;
  /** Brings a process up, as often as it takes; resolves when it is ready. Does nothing when there is one. */
  up(env?: Record<string, string>): Promise<void>;
  kill(): Promise<void>;
  /** Drains it, as an operator does. */
  drain(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface Life {
  name: string;
  startedAtMs: number;
  samples: { atMs: number; rssBytes: number }[];
}

export interface FleetOptions {
  dist: { worker: string; door: string; mailDoor: string };
  env: Record<string, string>;
  redisPort: number;
  logFolder: string;
  workers: number;
  httpDoors: number;
  mailDoors: number;
}

/** Between two tries to bring a service up while its databases are down, ms. */
const RESTART_DELAY_MS = 500;

/** Makes the slots; nothing runs yet. */
export async function makeFleet({ dist, env, redisPort, logFolder, ...counts }: FleetOptions): Promise<Fleet> {
  const lives: Life[] = [];
  const ownDeaths: string[] = [];
  const slotsOf = (kind: string, count: number, program: string) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const proxy = await openTcpProxy(redisPort);
        const log = createWriteStream(join(logFolder, `${kind}-${index + 1}.log`));
        const own = { ...env, REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
        return makeSlot({ name: `${kind}-${index + 1}`, program, env: own, proxy, log, lives, ownDeaths });
      }),
    );
  const workers = await slotsOf("worker", counts.workers, dist.worker);
  const httpDoors = await slotsOf("door", counts.httpDoors, dist.door);
  const mailDoors = await slotsOf("mail-door", counts.mailDoors, dist.mailDoor);
  const doors = [...httpDoors, ...mailDoors];
  const all = [...workers, ...doors];
  return {
    workers,
    doors,
    httpDoors,
    mailDoors,
    lives,
    ownDeaths,
    sample() {
      for (const slot of all) slot.sample();
    },
    stop: async () => void (await Promise.all(all.map((slot) => slot.close()))),
  };
}

interface SlotDeps {
  name: string;
  program: string;
  env: Record<string, string>;
  proxy: TcpProxy;
  log: WriteStream;
  lives: Life[];
  ownDeaths: string[];
}

interface Current {
  running: Running;
  life: Life;
  isEndedByUs: boolean;
}

function makeSlot({ name, program, env, proxy, log, lives, ownDeaths }: SlotDeps): Slot & { sample(): void; close(): Promise<void> } {
  let current: Current | undefined;
  let isClosed = false;
  let starting: Promise<void> | undefined;
  let lastEnv: Record<string, string> = {};

  async function start(extra: Record<string, string>): Promise<void> {
    lastEnv = extra;
    while (!isClosed && !current) {
      try {
        log.write(`--- ${new Date().toISOString()} start ${JSON.stringify(extra)}\n`);
        watch(await startProcess(program, { ...env, ...extra }, [], (line) => void log.write(`${line}\n`)));
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
      }
    }
  }

  function watch(running: Running): void {
    const started: Current = { running, life: { name: `${name} (process ${running.pid})`, startedAtMs: performance.now(), samples: [] }, isEndedByUs: false };
    current = started;
    lives.push(started.life);
    void running.ended.then((how) => {
      if (current === started) current = undefined;
      if (started.isEndedByUs) return;
      ownDeaths.push(`${started.life.name} ended by itself with ${how}`);
      void slot.up(lastEnv);
    });
  }

  async function end(by: (running: Running) => Promise<void>): Promise<void> {
    await starting;
    const ending = current;
    if (!ending) return;
    ending.isEndedByUs = true;
    await by(ending.running);
    if (current === ending) current = undefined;
  }

  // Should this process be ended, nothing of the fleet stays behind.
  process.once("exit", () => current && process.kill(current.running.pid, "SIGKILL"));
  const slot = {
    name,
    proxy,
    url: (scheme: "http" | "smtp" | "lmtp") => new RegExp(`${scheme}://127\\.0\\.0\\.1:\\d+`).exec(current?.running.readyLine ?? "")?.[0],
    isUp: () => current !== undefined,
    up(extra: Record<string, string> = {}) {
      starting ??= start(extra).finally(() => {
        starting = undefined;
      });
      return starting;
    },
    kill: () => end((running) => running.kill("SIGKILL")),
    drain: () => end((running) => running.stop()),
    freeze: () => void current?.running.kill("SIGSTOP"),
    thaw: () => void current?.running.kill("SIGCONT"),
    sample() {
      if (!current) return;
      const { rssBytes } = current.running.usage();
      if (rssBytes > 0) current.life.samples.push({ atMs: performance.now(), rssBytes });
    },
    async close() {
      isClosed = true;
      await slot.kill();
      await proxy.close();
      log.end();
    },
  };
  return slot;
}
