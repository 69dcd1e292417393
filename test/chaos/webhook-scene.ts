import { randomBytes } from "node:crypto";
import { makeMongoCalls, makeMongoEndpoints, makeMongoMailboxes, makeMongoWebhookSources, type StoreConnection } from "@openticket/store";
import { type Changed, type EndpointChanged, makeEndpointManager, makeSecretBox, makeSourceManager, SECRET_BYTES } from "@openticket/webhooks";

/** Secrets of the sources of a run, in clear. */
export interface SourceSecrets {
  events: string;
  alerts: string;
  mails: string;
}

/** A run has one ticket for each thing that alerts are about, however long it takes. */
const WINDOW_S = 86_400;
const LOOPBACK = "127.0.0.0/8";
/** Shorter than what the receiver takes now and then, ms. */
const CALL_TIMEOUT_MS = 1500;

const ticketOf = (at: string) => ({
  when: `${at}wanted`,
  ticket: { deptid: `${at}deptid`, subject: `${at}subject`, message: `${at}message`, name: "'Monitoring'", email: "'monitoring@guests.example.test'" },
});
const SOURCES = {
  events: { name: "chaos-events", kind: "standard-webhooks", mapping: ticketOf("data.") },
  alerts: {
    name: "chaos-alerts",
    kind: "json",
    settings: { idPointer: "/id" },
    mapping: ticketOf(""),
    correlation: { key: "about", windowSeconds: WINDOW_S },
  },
  mails: { name: "chaos-mails", kind: "postmark" },
};

/** What services are told, so that they read our secrets and call endpoints on loopback. */
export function webhookEnvironment(secretsKey: string): Record<string, string> {
  return { SECRETS_KEY: secretsKey, EVENTS_ALLOWED_NETWORKS: LOOPBACK };
}

/** Sets up the sources that webhooks of a run come from. */
export async function setUpSources(store: StoreConnection, secretsKey: string): Promise<SourceSecrets> {
  const deps = { sources: makeMongoWebhookSources(store), mailboxes: makeMongoMailboxes(store), box: makeSecretBox(secretsKey), now: () => new Date(), newId };
  const manager = makeSourceManager(deps);
  const secretOf = async (source: object) => shown(await manager.create({ ...source, generateSecret: true }));
  return { events: await secretOf(SOURCES.events), alerts: await secretOf(SOURCES.alerts), mails: await secretOf(SOURCES.mails) };
}

/** Sets up the endpoint that hears of tickets; the secret that its calls are signed with. */
export async function setUpEndpoint(store: StoreConnection, secretsKey: string, url: string): Promise<string> {
  const manager = makeEndpointManager({
    endpoints: makeMongoEndpoints(store),
    calls: makeMongoCalls(store),
    box: makeSecretBox(secretsKey),
    allowedNetworks: [LOOPBACK],
    now: () => new Date(),
    newId,
    newKey: () => randomBytes(SECRET_BYTES),
  });
  return shown(await manager.create({ name: "chaos", url, events: ["ticket.opened"], maxInFlight: 10, timeoutMs: CALL_TIMEOUT_MS }));
}

function newId(): string {
  return `sec_${randomBytes(6).toString("hex")}`;
}

function shown(made: Changed | EndpointChanged): string {
  if (made.kind === "done" && made.secret) return made.secret.secret;
  throw new Error(`a webhook could not be set up: ${JSON.stringify(made)}`);
}
