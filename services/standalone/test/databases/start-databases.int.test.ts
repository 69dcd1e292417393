import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, copyFile, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import { clearDataFolder } from "../../src/databases/clear-data-folder.ts";
import { StartFailure } from "../../src/databases/start-failure.ts";
import { type DataFolder, isAlive, leaveMark, makeDataFolder, readMarks } from "./support/data-folder.ts";
import { type Machine, makeMachine } from "./support/machine.ts";

let data: DataFolder;
let children: ChildProcess[];
let servers: Server[];
beforeEach(async () => {
  data = await makeDataFolder();
  children = [];
  servers = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const server of servers) server.close();
  await data.remove();
});

/** Somebody else has that port, and hangs up on everybody. */
async function occupy(port: number): Promise<void> {
  const server = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
}

/** Another process that starts databases on the test's folder and keeps them. */
async function startElsewhere(): Promise<ChildProcess> {
  const module = new URL("../../src/databases/start-databases.ts", import.meta.url).href;
  const program = `import { startDatabases } from ${JSON.stringify(module)};
    const { MONGODB_URL, REDIS_URL, ...env } = process.env;
    await startDatabases({ dataDir: process.argv[1], env, progress() {} });
    process.on("SIGTERM", () => process.exit());
    console.log("started"); // from here on it may be asked to end
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program, data.path], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => Promise.reject(new Error("it could not start")))]);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await once(child, "exit");
}

describe("embedded databases", () => {
  it("keep their data and their ports from one start to the next", async () => {
    const first = await data.start();
    await leaveMark(first, "kept");
    await first.stop();
    const { stop, died, ...second } = await data.start();
    expect(second).toEqual({ mongodbUrl: first.mongodbUrl, redisUrl: first.redisUrl });
    expect(await readMarks({ ...second, died, stop })).toEqual({ mongo: ["kept"], redis: "kept" });
  });

  it("are gone when they are stopped, and the folder is free", async () => {
    const databases = await data.start();
    const pids = [await data.pidOf("mongo"), await data.pidOf("redis")];
    expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);
    await databases.stop();
    expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
    expect(await clearDataFolder(data.path, () => {})).toBe(true);
    await expect(access(data.path)).rejects.toThrow("ENOENT");
  });

  it("take other ports when theirs are taken, and have their data still", async () => {
    const first = await data.start();
    await leaveMark(first, "moved");
    await first.stop();
    for (const url of [first.mongodbUrl, first.redisUrl]) await occupy(Number(new URL(url).port));
    const second = await data.start();
    expect(second.mongodbUrl).not.toBe(first.mongodbUrl);
    expect(second.redisUrl).not.toBe(first.redisUrl);
    expect(await readMarks(second)).toEqual({ mongo: ["moved"], redis: "moved" });
    expect(await readFile(join(data.path, "mongo.port"), "utf8")).toBe(`${new URL(second.mongodbUrl).port}\n`);
  });

  it("take any port when the noted one is no port", async () => {
    for (const file of ["mongo.port", "redis.port"]) await writeFile(join(data.path, file), "99999\n");
    await leaveMark(await data.start(), "any");
  });
});

describe("two data folders that have noted the same ports", () => {
  let other: DataFolder;
  let machine: Machine;
  beforeEach(async () => {
    other = await makeDataFolder();
    machine = await makeMachine();
  });
  afterEach(async () => {
    await other.remove();
    await machine.remove();
  });

  /** On PATH, the real programs that take long to start: they say that they are there and wait for a file. */
  async function installSlowly(name: string, program: string): Promise<void> {
    const script = `[ "$1" = --version ] || { : > '${machine.folder}/${name}'; until [ -e '${machine.folder}/go' ]; do /bin/sleep 0.02; done; }`;
    await machine.install(name, `#!/bin/sh\n${script}\nexec '${program}' "$@"\n`);
  }

  it("started at the same time: each gets databases of its own", async () => {
    const first = await data.start();
    await leaveMark(first, "first");
    for (const name of ["mongo.port", "redis.port"]) await copyFile(join(data.path, name), join(other.path, name));
    await installSlowly("mongod", await readlink(`/proc/${await data.pidOf("mongo")}/exe`));
    await installSlowly("valkey-server", await readlink(`/proc/${await data.pidOf("redis")}/exe`));
    await first.stop();

    const starting = other.start(machine.env);
    await until(
      "its programs to be on the way",
      async () => (await readdir(machine.folder)).filter((name) => /^(mongod|valkey-server)$/.test(name)).length === 2,
    );
    const again = await data.start();
    await writeFile(join(machine.folder, "go"), "");
    const second = await starting;
    expect(again).toMatchObject({ mongodbUrl: first.mongodbUrl, redisUrl: first.redisUrl });
    expect(await readMarks(second)).toEqual({ mongo: [], redis: "" });
  });
});

describe("a data folder", () => {
  it("that is in use is one line, and the databases on it go on", async () => {
    const databases = await data.start();
    await leaveMark(databases, "mine");
    const failure = await data.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect(String(failure)).toMatch(/^StartFailure: the data folder .* is in use by process \d+; stop that one, or set DATA_DIR to another folder$/);
    expect(await readMarks(databases)).toEqual({ mongo: ["mine"], redis: "mine" });
    expect(await clearDataFolder(data.path, () => {})).toBe(false);
  });

  it("whose database cannot start is one line, nothing keeps running, and it is free again", async () => {
    await mkdir(join(data.path, "mongo", "mongod.lock"), { recursive: true });
    const failure = await data.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect(String(failure)).toMatch(/^StartFailure: MongoDB ended while starting \(.+\).*; its log is .*mongod\.log$/);
    await expect(data.pidOf("mongo")).rejects.toThrow("ENOENT");
    await expect(data.pidOf("redis")).rejects.toThrow("ENOENT");
    expect(await clearDataFolder(data.path, () => {})).toBe(true);
  });
});

describe("databases of a process that was killed", () => {
  it("are stopped by the next start, which has their data", async () => {
    const killed = await startElsewhere();
    const pids = [await data.pidOf("mongo"), await data.pidOf("redis")];
    await end(killed, "SIGKILL");
    expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);
    const databases = await data.start();
    expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
    expect(data.said.filter((line) => line.includes("still running after a start that was killed"))).toHaveLength(2);
    await leaveMark(databases, "after");
    expect(await readMarks(databases)).toEqual({ mongo: ["after"], redis: "after" });
  });

  it("are stopped when their folder is cleared", async () => {
    const killed = await startElsewhere();
    const pids = [await data.pidOf("mongo"), await data.pidOf("redis")];
    await end(killed, "SIGKILL");
    expect(await clearDataFolder(data.path, () => {})).toBe(true);
    expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
  });

  it("are not confused with a process that has their id by now", async () => {
    const stranger = spawn("sleep", ["60"], { stdio: "ignore" });
    children.push(stranger);
    await writeFile(join(data.path, "mongo.pid"), `${stranger.pid}\n`);
    await writeFile(join(data.path, "redis.pid"), `${stranger.pid}\n`);
    await data.start();
    expect(await isAlive(stranger.pid ?? 0)).toBe(true);
  });

  it("are asked to stop by a process that exits without stopping them", async () => {
    const leaving = await startElsewhere();
    const pids = [await data.pidOf("mongo"), await data.pidOf("redis")];
    leaving.kill("SIGTERM");
    await until("both to end", async () => !(await Promise.all(pids.map(isAlive))).includes(true));
  });
});
