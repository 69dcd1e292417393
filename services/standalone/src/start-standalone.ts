import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { emailConfig, httpConfig, startEmail, startHttp } from "@openticket/ingress";
import { type Drain, type Logger, makeMetrics, readConfig } from "@openticket/runtime";
import { connectStore, makeMongoEndpoints, makeMongoWebhookSources, type StoreConnection, seedExampleData } from "@openticket/store";
import { startWorker, workerConfig } from "@openticket/worker";
import { z } from "zod";
import { type StandaloneConfig, standaloneConfig } from "./config.ts";
import { ensureCredentials, ensureSecretsKey } from "./credentials.ts";
import { makeDataFolder } from "./databases/data-folder.ts";
import { requireReady, requireRedis } from "./databases/require-answers.ts";
import { startDatabases } from "./databases/start-databases.ts";
import { type ExampleSecrets, ensureExampleWebhooks, exampleCalls } from "./example-webhooks.ts";

/** Read by `opentickets` when it is told nothing else. */
const ADDRESS_FILE = "databases.json";
/** What worker and doors read. */
const servicesConfig = z.object({ ...workerConfig.shape, ...emailConfig.shape, ...httpConfig.shape });
const { MONGODB_URL, REDIS_URL } = servicesConfig.shape;
/** Every variable that `npm start` reads, by its strictest reader; without URLs it brings its own databases. */
const everySetting = z.object({ ...standaloneConfig.shape, ...servicesConfig.shape, MONGODB_URL: MONGODB_URL.optional(), REDIS_URL: REDIS_URL.optional() });

export interface StandaloneDeps {
  env: Record<string, string | undefined>;
  logger: Logger;
  drain: Drain;
  progress(line: string): void;
  /** An embedded database has ended by itself: nothing can go on. */
  onDeath(reason: string): void;
}

/** The settings of `npm start` itself. Throws ConfigError that names every wrong variable, the services' too. */
export function readStandalone(env: Record<string, string | undefined>): StandaloneConfig {
  readConfig(everySetting, env);
  return readConfig(standaloneConfig, env);
}

/** Starts databases and services in order and gives back the page that says what listens where. */
export async function startStandalone(config: StandaloneConfig, { env, logger, drain, progress, onDeath }: StandaloneDeps): Promise<string[]> {
  const dataDir = resolve(config.DATA_DIR);
  readServices(config, { env, dataDir, ...standIns(config) });
  const databases = await startDatabases({ dataDir, env, progress, cacheDir: config.OPENTICKET_CACHE_DIR });
  drain.onDrain("databases", () => databases.stop());
  void databases.died.then(onDeath);
  await makeDataFolder(dataDir);
  const credentials = await ensureCredentials(config.API_CREDENTIALS, dataDir);
  const secretsKey = await ensureSecretsKey(config.SECRETS_KEY, dataDir, () => withStore(databases.mongodbUrl, progress, holdsSecrets));
  const services = readServices(config, { env, dataDir, ...databases, credentials, secretsKey });
  await noteAddresses(dataDir, { ...databases, queuePrefix: services.QUEUE_PREFIX });
  drain.onDrain("addresses", () => rm(join(dataDir, ADDRESS_FILE), { force: true }));
  await requireRedis(services);
  const examples = config.EXAMPLE_DATA ? await putExampleData(databases.mongodbUrl, { dataDir, secretsKey, progress }) : undefined;
  progress("starting worker, HTTP door and email door …");
  // One page for the one process: the HTTP door's.
  const metrics = makeMetrics({ withProcess: true });
  await startWorker(services, { logger, drain, metrics });
  const { url, readiness } = await startHttp(services, { logger, drain, metrics });
  await requireReady(readiness);
  const { urls: mailUrls } = await startEmail(services, { logger, drain, metrics });
  return page({ url, mailUrls, credentials, examples, dataDir, ...databases, hasRelay: Boolean(env.SMTP_URL) });
}

interface Known {
  env: Record<string, string | undefined>;
  dataDir: string;
  mongodbUrl: string;
  redisUrl: string;
  credentials: string;
  secretsKey: string | undefined;
}

/** The configuration of worker and door. Throws ConfigError that names every wrong variable. */
function readServices(config: StandaloneConfig, { env, dataDir, mongodbUrl, redisUrl, credentials, secretsKey }: Known): z.output<typeof servicesConfig> {
  const host = config.HTTP_HOST.includes(":") ? `[${config.HTTP_HOST}]` : config.HTTP_HOST;
  return readConfig(servicesConfig, {
    API_CREDENTIALS_ADMIN: config.EXAMPLE_DATA ? "admin" : undefined,
    CLIENT_AREA_URL: `http://${host}:${config.HTTP_PORT}`,
    ...env,
    DATA_DIR: dataDir,
    MONGODB_URL: mongodbUrl,
    REDIS_URL: redisUrl,
    API_CREDENTIALS: credentials,
    SECRETS_KEY: secretsKey,
  });
}

/** What is not known before the databases run, so that a wrong variable can be said before anything is started. */
function standIns({
  MONGODB_URL,
  REDIS_URL,
  API_CREDENTIALS,
  SECRETS_KEY,
}: StandaloneConfig): Pick<Known, "mongodbUrl" | "redisUrl" | "credentials" | "secretsKey"> {
  return {
    mongodbUrl: MONGODB_URL ?? "mongodb://127.0.0.1/openticket",
    redisUrl: REDIS_URL ?? "redis://127.0.0.1",
    credentials: API_CREDENTIALS ?? "not-yet:made",
    secretsKey: SECRETS_KEY,
  };
}

/** Tells the operator's command line where the databases are while they run, and whose queue is there. */
async function noteAddresses(
  dataDir: string,
  { mongodbUrl, redisUrl, queuePrefix }: { mongodbUrl: string; redisUrl: string; queuePrefix: string },
): Promise<void> {
  await writeFile(join(dataDir, ADDRESS_FILE), `${JSON.stringify({ mongodbUrl, redisUrl, queuePrefix })}\n`, { mode: 0o600 });
}

interface ExampleDeps {
  dataDir: string;
  secretsKey: string;
  progress(line: string): void;
}

/** Gives back the secrets of the example webhooks, where they are known. */
async function putExampleData(url: string, { progress, ...place }: ExampleDeps): Promise<ExampleSecrets | undefined> {
  return withStore(url, progress, async (store) => {
    const isNew = await seedExampleData(store);
    if (isNew) progress("example departments, clients and staff put into the empty store");
    return ensureExampleWebhooks(store, place);
  });
}

/** Whether any source or endpoint of webhooks has a secret. */
async function holdsSecrets(store: StoreConnection): Promise<boolean> {
  const holders = await Promise.all([makeMongoWebhookSources(store).all(), makeMongoEndpoints(store).all()]);
  return holders.flat().some(({ secrets }) => secrets.length > 0);
}

async function withStore<T>(url: string, progress: (line: string) => void, work: (store: StoreConnection) => Promise<T>): Promise<T> {
  const onSlowIndexes = () => progress("MongoDB is building indexes; the start waits for them …");
  const store = await connectStore({ url, appName: "openticket-seed", serverSelectionTimeoutMs: 10_000, onSlowIndexes });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

interface Shown {
  url: string;
  mailUrls: string[];
  credentials: string;
  examples: ExampleSecrets | undefined;
  dataDir: string;
  mongodbUrl: string;
  redisUrl: string;
  hasRelay: boolean;
}

function page({ url, mailUrls, credentials, examples, dataDir, mongodbUrl, redisUrl, hasRelay }: Shown): string[] {
  const [pair = ""] = credentials.split(",");
  const [identifier, secret] = [pair.slice(0, pair.indexOf(":")), pair.slice(pair.indexOf(":") + 1)].map(formEncoded);
  return [
    "",
    `  API call    ${url}/includes/api.php`,
    `  REST        ${url}/v1/tickets        documented at ${url}/docs`,
    `  mail in     ${mailUrls.join(" ")}        such as to support@example.test; what came of it is at ${url}/v1/inbound`,
    `  webhooks    ${url}/webhooks/{source}     set up at ${url}/v1/webhook-sources`,
    `  health      ${url}/readyz            metrics at ${url}/metrics`,
    `  MongoDB     ${withoutLogin(mongodbUrl)}`,
    `  Redis       ${withoutLogin(redisUrl)}`,
    `  mail out    ${hasRelay ? "sent through SMTP_URL" : `written to ${dataDir}/sent (set SMTP_URL to send them)`}`,
    "",
    "  Open a ticket:",
    "",
    `  curl -s ${url}/includes/api.php \\`,
    `    -d action=OpenTicket -d identifier='${identifier}' -d secret='${secret}' -d responsetype=json \\`,
    "    -d deptid=1 -d clientid=1 -d subject='My first ticket' --data-urlencode message='It **works**.' -d markdown=true",
    "",
    ...(examples ? exampleCalls(url, examples) : []),
    `ready ${url}`,
  ];
}

/** A page ends in logs. */
function withoutLogin(url: string): string {
  return url.replace(/^([^/]*\/\/)[^/]*@/, "$1");
}

/** For a form's body within single quotes of a shell. */
function formEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", "%27");
}
