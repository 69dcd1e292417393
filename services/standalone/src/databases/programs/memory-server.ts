import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Way } from "./find-program.ts";

/** 7.0 reads the data of the 6.0 in the wheel as well, and is built for every system still in support. */
const VERSION = "7.0.14";
/** Where mongodb-memory-server-core downloads from, unless its own variable names a mirror. */
const DOWNLOADS = "https://fastdl.mongodb.org";
/** A network that swallows connections costs this much and no more, ms. */
const PROBE_TIMEOUT_MS = 3000;
/** The whole download of some 100 MB, ms. */
const DOWNLOAD_TIMEOUT_MS = 300_000;

export interface MemoryServerDeps {
  env: NodeJS.ProcessEnv;
  probe?: (url: URL, timeoutMs: number) => Promise<string | undefined>;
  download?: (options: { downloadDir: string; version: string }) => Promise<string>;
}

/** The way of mongodb-memory-server-core's own download, from MongoDB's site, which it checks itself. */
export function fromMemoryServer({ env, probe = probeHost, download = downloadMongod }: MemoryServerDeps): Way {
  return async (progress) => {
    const source = new URL(env.MONGOMS_DOWNLOAD_MIRROR || DOWNLOADS);
    const target = new URL(env.HTTPS_PROXY || env.https_proxy || source);
    progress(`asking ${target.host} …`);
    const obstacle = await probe(target, PROBE_TIMEOUT_MS);
    if (obstacle) return { kind: "missing", reason: `${target.host} cannot be reached (${obstacle})` };
    const version = env.MONGOMS_VERSION || VERSION;
    progress(`downloading MongoDB ${version} from ${source.host} …`);
    const downloadDir = await mkdtemp(join(tmpdir(), "openticket-mongod-"));
    const remove = () => rm(downloadDir, { recursive: true, force: true });
    try {
      const path = await within(download({ downloadDir, version }), DOWNLOAD_TIMEOUT_MS);
      return { kind: "found", path, origin: `MongoDB's download of ${version}`, isNew: true, remove };
    } catch (error) {
      await remove();
      return { kind: "missing", reason: `its download failed (${error instanceof Error ? error.message.split("\n", 1)[0] : String(error)})` };
    }
  };
}

/** Connects and leaves; gives the obstacle, or nothing. A name that resolves slowly counts too. */
function probeHost(url: URL, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const port = Number(url.port || (url.protocol === "http:" ? 80 : 443));
    const socket = connect({ host: url.hostname, port });
    const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    const end = (obstacle?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(obstacle);
    };
    socket.once("connect", () => end());
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** Loaded only when it is needed: it takes longer than a usual start's search. */
async function downloadMongod(options: { downloadDir: string; version: string }): Promise<string> {
  const { MongoBinary } = await import("mongodb-memory-server-core/lib/util/MongoBinary.js");
  return MongoBinary.getPath({ ...options, checkMD5: true });
}

function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not finished after ${timeoutMs / 1000} s`)), timeoutMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
