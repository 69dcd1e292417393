import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../data-folder.ts";
import type { Way } from "./find-program.ts";

/** 7.0 reads the data of the 6.0 in the wheel as well, and is built for every system still in support. */
const VERSION = "7.0.14";
/** Where mongodb-memory-server-core downloads from, unless its own variable names a mirror. */
const DOWNLOADS = "https://fastdl.mongodb.org";
/** A network that swallows connections costs this much and no more, ms. */
const PROBE_TIMEOUT_MS = 3000;
/** The whole download of some 100 MB, ms. */
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** Is there somebody at `source`, or at the proxy on the way to it? */
export interface Probe {
  source: URL;
  proxy: URL | undefined;
  timeoutMs: number;
}

export interface MemoryServerDeps {
  env: NodeJS.ProcessEnv;
  probe?: (question: Probe) => Promise<string | undefined>;
  download?: (options: { downloadDir: string; version: string }) => Promise<string>;
}

/** The way of mongodb-memory-server-core's own download, from MongoDB's site, which it checks itself. */
export function fromMemoryServer({ env, probe = probeHost, download = downloadMongod }: MemoryServerDeps): Way {
  return async (progress) => {
    const mirror = env.MONGOMS_DOWNLOAD_MIRROR;
    const proxy = env.HTTPS_PROXY || env.https_proxy;
    if (mirror && !URL.canParse(mirror)) return { kind: "missing", reason: "MONGOMS_DOWNLOAD_MIRROR is no URL" };
    if (proxy && !URL.canParse(proxy)) return { kind: "missing", reason: "HTTPS_PROXY is no URL, such as http://proxy.example.com:3128" };
    const source = new URL(mirror || DOWNLOADS);
    progress(`asking ${source.host} …`);
    const obstacle = await probe({ source, proxy: proxy ? new URL(proxy) : undefined, timeoutMs: PROBE_TIMEOUT_MS });
    if (obstacle) return { kind: "missing", reason: `${source.host} cannot be reached (${obstacle})` };
    const version = env.MONGOMS_VERSION || VERSION;
    progress(`downloading MongoDB ${version} from ${source.host} …`);
    const downloadDir = await mkdtemp(join(tmpdir(), "openticket-mongod-"));
    const remove = () => rm(downloadDir, { recursive: true, force: true });
    try {
      const path = await within(download({ downloadDir, version }), DOWNLOAD_TIMEOUT_MS);
      return { kind: "found", path, origin: `MongoDB's download of ${version}`, isNew: true, remove };
    } catch (error) {
      await remove();
      return { kind: "missing", reason: `its download failed (${error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, " ") : String(error)})` };
    }
  };
}

/**
 * Gives the obstacle, or nothing. Without a proxy a whole HTTPS answer is waited for: some networks accept a connection
 * and swallow what is sent. Node's own `fetch` does not use proxies, so of a proxy it is asked whether it accepts one.
 */
async function probeHost({ source, proxy, timeoutMs }: Probe): Promise<string | undefined> {
  if (proxy) return connectTo(proxy, timeoutMs);
  try {
    await fetch(source, { method: "HEAD", signal: AbortSignal.timeout(timeoutMs) });
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") return silence(timeoutMs);
    return codeOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
  }
}

function connectTo(proxy: URL, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: proxy.hostname, port: Number(proxy.port || (proxy.protocol === "http:" ? 80 : 443)) });
    const end = (obstacle?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(obstacle);
    };
    const timer = setTimeout(() => end(silence(timeoutMs)), timeoutMs);
    socket.once("connect", () => end());
    socket.once("error", (error) => end(codeOf(error)));
  });
}

function silence(timeoutMs: number): string {
  return `no answer within ${timeoutMs / 1000} s`;
}

/** Loaded only when it is needed: it takes longer than a usual start's search. */
async function downloadMongod(options: { downloadDir: string; version: string }): Promise<string> {
  const { MongoBinary } = await import("mongodb-memory-server-core");
  return MongoBinary.getPath({ ...options, checkMD5: true });
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished after ${timeoutMs / 1000} s`)), timeoutMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
