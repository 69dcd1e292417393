import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { httpConfig, startHttp } from "@openticket/ingress";
import { type Drain, type Logger, makeMetrics, readConfig } from "@openticket/runtime";
import { connectStore, seedExampleData } from "@openticket/store";
import { startWorker, workerConfig } from "@openticket/worker";
import type { StandaloneConfig } from "./config.ts";
import { ensureCredentials } from "./credentials.ts";
import { startDatabases } from "./databases/start-databases.ts";

/** Read by `opentickets` when it is told nothing else. */
const ADDRESS_FILE = "databases.json";

export interface StandaloneDeps {
  env: Record<string, string | undefined>;
  logger: Logger;
  drain: Drain;
  progress(line: string): void;
}

/** Starts databases and services in order and gives back the page that says what listens where. */
export async function startStandalone(config: StandaloneConfig, { env, logger, drain, progress }: StandaloneDeps): Promise<string[]> {
  const dataDir = resolve(config.DATA_DIR);
  const databases = await startDatabases({ dataDir, env, progress, cacheDir: config.OPENTICKET_CACHE_DIR });
  drain.onDrain("databases", () => databases.stop());
  await noteAddresses(dataDir, databases);
  drain.onDrain("addresses", () => rm(join(dataDir, ADDRESS_FILE), { force: true }));
  const credentials = await ensureCredentials(config.API_CREDENTIALS, dataDir);
  const environment = {
    API_CREDENTIALS_ADMIN: config.EXAMPLE_DATA ? "admin" : undefined,
    CLIENT_AREA_URL: `http://${config.HTTP_HOST}:${config.HTTP_PORT}`,
    ...env,
    DATA_DIR: dataDir,
    MONGODB_URL: databases.mongodbUrl,
    REDIS_URL: databases.redisUrl,
    API_CREDENTIALS: credentials,
  };
  if (config.EXAMPLE_DATA) await putExampleData(databases.mongodbUrl, progress);
  progress("starting worker and HTTP door …");
  await startWorker(readConfig(workerConfig, environment), { logger, drain, metrics: makeMetrics() });
  const { url } = await startHttp(readConfig(httpConfig, environment), { logger, drain });
  return page({ url, credentials, dataDir, ...databases, hasRelay: Boolean(env.SMTP_URL) });
}

/** Tells the operator's command line where the databases are while they run. */
async function noteAddresses(dataDir: string, { mongodbUrl, redisUrl }: { mongodbUrl: string; redisUrl: string }): Promise<void> {
  await writeFile(join(dataDir, ADDRESS_FILE), `${JSON.stringify({ mongodbUrl, redisUrl })}\n`, { mode: 0o600 });
}

async function putExampleData(url: string, progress: (line: string) => void): Promise<void> {
  const store = await connectStore({ url, appName: "openticket-seed", serverSelectionTimeoutMs: 10_000 });
  try {
    const isNew = await seedExampleData(store);
    if (isNew) progress("example departments, clients and staff put into the empty store");
  } finally {
    await store.close();
  }
}

interface Shown {
  url: string;
  credentials: string;
  dataDir: string;
  mongodbUrl: string;
  redisUrl: string;
  hasRelay: boolean;
}

function page({ url, credentials, dataDir, mongodbUrl, redisUrl, hasRelay }: Shown): string[] {
  const [pair = ""] = credentials.split(",");
  const [identifier, secret] = [pair.slice(0, pair.indexOf(":")), pair.slice(pair.indexOf(":") + 1)];
  return [
    "",
    `  API call    ${url}/includes/api.php`,
    `  REST        ${url}/v1/tickets        documented at ${url}/docs`,
    `  health      ${url}/readyz            metrics at ${url}/metrics`,
    `  MongoDB     ${mongodbUrl}`,
    `  Redis       ${redisUrl}`,
    `  mails       ${hasRelay ? "sent through SMTP_URL" : `written to ${dataDir}/sent (set SMTP_URL to send them)`}`,
    "",
    "  Open a ticket:",
    "",
    `  curl -s ${url}/includes/api.php \\`,
    `    -d action=OpenTicket -d identifier='${identifier}' -d secret='${secret}' -d responsetype=json \\`,
    "    -d deptid=1 -d clientid=1 -d subject='My first ticket' --data-urlencode message='It **works**.' -d markdown=true",
    "",
    `ready ${url}`,
  ];
}
