import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { startedAt } from "../../../src/databases/process-identity.ts";
import { type Databases, startDatabases } from "../../../src/databases/start-databases.ts";

/** A data folder of a test, in which databases are started and stopped; its path holds a blank. */
export interface DataFolder {
  path: string;
  /** What the starts have said. */
  said: string[];
  start(env?: Record<string, string>): Promise<Databases>;
  /** Id of the running database's process, as noted in the folder. */
  pidOf(name: "mongo" | "redis"): Promise<number>;
  /** Stops what was started and removes the folder. */
  remove(): Promise<void>;
}

/** See {@link DataFolder}. The programs are those of this machine, or of its cache. */
export async function makeDataFolder(): Promise<DataFolder> {
  const path = await mkdtemp(join(tmpdir(), "openticket data-"));
  const said: string[] = [];
  const started: Databases[] = [];
  return {
    path,
    said,
    async start(given = {}) {
      const { OPENTICKET_CACHE_DIR, XDG_CACHE_HOME } = process.env;
      const databases = await startDatabases({
        dataDir: path,
        env: { OPENTICKET_CACHE_DIR, XDG_CACHE_HOME, ...given },
        progress: (line) => void said.push(line),
      });
      started.push(databases);
      return databases;
    },
    pidOf: async (name) => Number(await readFile(join(path, `${name}.pid`), "utf8")),
    async remove() {
      for (const databases of started.splice(0)) await databases.stop();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Puts a mark into both databases. */
export async function leaveMark({ mongodbUrl, redisUrl }: Databases, mark: string): Promise<void> {
  await withMongo(mongodbUrl, (client) =>
    client
      .db()
      .collection("marks")
      .insertOne({ mark }, { writeConcern: { w: "majority", journal: true } }),
  );
  await sendRedis(redisUrl, `SET mark ${mark}`);
}

/** The marks that both databases hold. */
export async function readMarks({ mongodbUrl, redisUrl }: Databases): Promise<{ mongo: unknown[]; redis: string }> {
  const documents = await withMongo(mongodbUrl, (client) => client.db().collection("marks").find().toArray());
  return { mongo: documents.map(({ mark }) => mark), redis: (await sendRedis(redisUrl, "GET mark")).split("\r\n")[1] ?? "" };
}

/** True while a process of that id runs; one that has ended and waits for its parent to notice does not. */
export async function isAlive(pid: number): Promise<boolean> {
  return (await startedAt(pid)) !== undefined;
}

async function withMongo<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5000 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** One inline command and what is answered at once. */
function sendRedis(url: string, command: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) }, () => socket.write(`${command}\r\n`));
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString("utf8"));
    });
  });
}
