import { once } from "node:events";
import { access, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectStore } from "@openticket/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testMongoUrl, testRedisUrl, uniqueName } from "../support/servers.ts";
import { type StandaloneProcess, startStandaloneProcess } from "../support/standalone.ts";

let folder: string;
let dataDir: string;
let started: StandaloneProcess[];
let servers: Server[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-standalone-"));
  dataDir = join(folder, "data");
  started = [];
  servers = [];
});
afterEach(async () => {
  for (const running of started) await running.end("SIGTERM");
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}): StandaloneProcess {
  const running = startStandaloneProcess({ DATA_DIR: dataDir, HTTP_PORT: "0", ...env });
  started.push(running);
  return running;
}

/** A port that this test has. */
async function takenPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const address = server.address();
  return address && typeof address === "object" ? String(address.port) : "";
}

/** The ports of the databases that a start has started. */
function databasePorts(said: string): number[] {
  return [...said.matchAll(/starting .* on port (\d+)/g)].map(([, port]) => Number(port));
}

async function isServed(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isOpen = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}

/** The printed call's form, as curl sends it. */
function printedForm(page: string): string {
  const [said = ""] = page.split("/webhooks/example-json");
  const encoded = [...said.matchAll(/ -d (?:'([^']*)'|(\S+?)'([^']*)'|(\S+))/g)].map(
    ([, whole, name = "", quoted = "", bare]) => whole ?? bare ?? name + quoted,
  );
  const texts = [...said.matchAll(/--data-urlencode (\w+)='([^']*)'/g)].map(([, name = "", text = ""]) => `${name}=${encodeURIComponent(text)}`);
  return [...encoded, ...texts].join("&");
}

describe("settings of npm start's program", () => {
  it("databases of the environment are used, and the data folder is made for what else is kept", async () => {
    const name = uniqueName("standalone");
    const running = start({ MONGODB_URL: testMongoUrl(name), REDIS_URL: testRedisUrl(), QUEUE_PREFIX: name });
    const url = await running.ready();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(databasePorts(running.said())).toEqual([]);
    expect(JSON.parse(await readFile(join(dataDir, "databases.json"), "utf8"))).toMatchObject({ queuePrefix: name });
    expect((await readdir(dataDir)).sort()).toEqual(["api-credentials", "databases.json", "secrets-key", "sent", "webhook-secrets.json"]);
    expect(await running.end("SIGTERM")).toBe(0);
    const store = await connectStore({ url: testMongoUrl(name), appName: "test", serverSelectionTimeoutMs: 5000 });
    await store.db.dropDatabase();
    await store.close();
  });

  it("the printed call opens a ticket whatever characters a given secret is made of", async () => {
    const running = start({ API_CREDENTIALS: "me:a+b&c=d%20e'f:g" });
    const url = await running.ready();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await fetch(`${url}/includes/api.php`, { method: "POST", headers, body: printedForm(running.said()) });
    expect(await answer.json()).toMatchObject({ result: "success", id: 1 });
  });

  it("an IPv6 address is listened to; where there is none, that is said", async () => {
    const running = start({ HTTP_HOST: "::1" });
    const url = await running.ready().catch(String);
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$|::1:0 is no address of this machine/);
  });
});

it("without the key that secrets in the store are sealed with there is no start, and no new key", async () => {
  const name = uniqueName("standalone");
  const env = { MONGODB_URL: testMongoUrl(name), REDIS_URL: testRedisUrl(), QUEUE_PREFIX: name };
  const first = start(env);
  await first.ready();
  expect(await first.end("SIGTERM")).toBe(0);
  const key = join(dataDir, "secrets-key");
  await rm(key);
  const second = start(env);
  expect(await second.ended).toBe(1);
  expect(second.said()).toContain(`${key} is missing; put it back, or set SECRETS_KEY`);
  await expect(access(key)).rejects.toThrow("ENOENT");
  const store = await connectStore({ url: testMongoUrl(name), appName: "test", serverSelectionTimeoutMs: 5000 });
  await store.db.dropDatabase();
  await store.close();
});

describe("wrong settings are one clear message before anything is started, and the exit code is 1", () => {
  const WRONG: Record<string, [env: Record<string, string>, said: string[]]> = {
    "a port that is no number": [{ HTTP_PORT: "abc" }, ["HTTP_PORT: expected a whole number from 0 to 65535"]],
    "a level that there is not": [{ LOG_LEVEL: "loud" }, ["LOG_LEVEL: "]],
    "credentials without a secret": [{ API_CREDENTIALS: "me" }, ["API_CREDENTIALS: expected identifier:secret"]],
    "variables of several services": [
      { HTTP_PORT: "abc", WORKER_CONCURRENCY: "many", HTTP_REPLY_TIMEOUT_MS: "soon" },
      ["HTTP_PORT: expected a whole number", "WORKER_CONCURRENCY: expected a whole number", "HTTP_REPLY_TIMEOUT_MS: expected a whole number"],
    ],
    "databases without their names": [
      { MONGODB_URL: "mongodb://127.0.0.1:27017", REDIS_URL: "redis://127.0.0.1:6379/openticket" },
      ["MONGODB_URL: expected a URL such as mongodb://127.0.0.1:27017/openticket, with the name", "REDIS_URL: expected a URL such as redis://"],
    ],
    "an address that is no MongoDB's": [{ MONGODB_URL: "localhost" }, ["MONGODB_URL: expected a URL such as mongodb://"]],
  };
  it.each(Object.entries(WRONG))("%s", async (_, [env, expected]) => {
    const running = start(env);
    expect(await running.ended).toBe(1);
    expect(running.said()).toMatch(/^could not start: The configuration is wrong:\n( {2}\w+: .*\n)+$/);
    for (const line of expected) expect(running.said()).toContain(`\n  ${line}`);
    await expect(access(dataDir)).rejects.toThrow("ENOENT");
  });
});

describe("what npm start's program cannot use is one clear line that names the setting, and the exit code is 1", () => {
  const UNUSABLE: Record<string, [env: () => Record<string, string>, said: RegExp]> = {
    "a data folder that cannot be made": [
      () => ({ DATA_DIR: "/proc/openticket/data" }),
      /^could not start: the data folder \/proc\/openticket\/data cannot be written to \(ENOENT\); set DATA_DIR to a folder that can$/,
    ],
    "a MongoDB that is not there": [
      () => ({ MONGODB_URL: "mongodb://127.0.0.1:1/openticket", REDIS_URL: testRedisUrl() }),
      /^could not start: MongoDB cannot be reached: .*127\.0\.0\.1:1.*; MONGODB_URL says where it is$/,
    ],
    "a Redis that is not there": [
      () => ({ MONGODB_URL: testMongoUrl(uniqueName("standalone")), REDIS_URL: "redis://127.0.0.1:1", LOG_LEVEL: "silent" }),
      /^could not start: Redis cannot be reached: .*ECONNREFUSED.*; REDIS_URL says where it is$/,
    ],
  };
  it.each(Object.entries(UNUSABLE))("%s", async (_, [env, expected]) => {
    const running = start(env());
    expect(await running.ended).toBe(1);
    const lines = running.said().trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(expected);
    expect(running.said()).not.toContain("ready http");
  });
});

describe("npm start's program leaves no database behind", () => {
  it("when its port is in use, which is one clear line", async () => {
    const port = await takenPort();
    const running = start({ HTTP_PORT: port });
    expect(await running.ended).toBe(1);
    const lines = running.said().trimEnd().split("\n");
    expect(lines.at(-1)).toBe(`could not start: 127.0.0.1:${port} is in use by another program; free it, or set HTTP_PORT to another`);
    expect(lines.filter((line) => line.includes("could not start"))).toHaveLength(1);
    const ports = databasePorts(running.said());
    expect(ports).toHaveLength(2);
    expect(await Promise.all(ports.map(isServed))).toEqual([false, false]);
  });

  it("when its data folder is in use, which is one clear line; the one that has it goes on", async () => {
    const first = start();
    const url = await first.ready();
    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.said()).toMatch(/^could not start: the data folder .* is in use by process \d+; stop that one, or set DATA_DIR to another folder\n$/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("when it is stopped by %s, and its exit code is 0", async (signal) => {
    const running = start();
    await running.ready();
    const ports = databasePorts(running.said());
    expect(await Promise.all(ports.map(isServed))).toEqual([true, true]);
    expect(await running.end(signal)).toBe(0);
    expect(await Promise.all(ports.map(isServed))).toEqual([false, false]);
    expect(await readdir(dataDir)).not.toContain("lock");
  });
});
