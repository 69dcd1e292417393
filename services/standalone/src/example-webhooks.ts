import { makeMongoMailboxes, makeMongoWebhookSources, type StoreConnection } from "@openticket/store";
import { type Changed, makeSecretBox, makeSourceManager, newSecretId, type SourceManager } from "@openticket/webhooks";
import { z } from "zod";
import { keep, readKept } from "./kept-texts.ts";

/** Secrets of the example sources, in clear. */
export type ExampleSecrets = z.output<typeof exampleSecrets>;
const exampleSecrets = z.object({ example: z.string(), "example-json": z.string() });

const FILE = "webhook-secrets.json";

/** What an example event becomes: a ticket of the first department, by whom the event names. */
const ticketOf = (at: string) => ({
  deptid: "1",
  subject: `${at}subject`,
  message: `${at}message`,
  markdown: "true",
  name: `$exists(${at}name) ? ${at}name : 'Example'`,
  email: `$exists(${at}email) ? ${at}email : 'webhook@example.test'`,
});
const SOURCES = [
  { name: "example", kind: "standard-webhooks", mapping: { ticket: ticketOf("data.") } },
  { name: "example-json", kind: "json", settings: { authentication: "bearer", idPointer: "/id" }, mapping: { ticket: ticketOf("") } },
] as const;

/**
 * Two sources to try webhooks with, made at the first start; their secrets are kept in `dataDir`, readable for their owner
 * alone. Those that were removed since stay removed: undefined then.
 */
export async function ensureExampleWebhooks(
  store: StoreConnection,
  { dataDir, secretsKey }: { dataDir: string; secretsKey: string },
): Promise<ExampleSecrets | undefined> {
  const sources = makeMongoWebhookSources(store);
  const kept = await readKept(dataDir, FILE);
  if (kept) return (await allThere(sources)) ? exampleSecrets.parse(JSON.parse(kept)) : undefined;
  const manager = makeSourceManager({
    sources,
    mailboxes: makeMongoMailboxes(store),
    box: makeSecretBox(secretsKey),
    now: () => new Date(),
    newId: newSecretId,
  });
  const made: [string, string][] = [];
  for (const source of SOURCES) made.push([source.name, await secretOf(source, manager)]);
  const secrets = exampleSecrets.parse(Object.fromEntries(made));
  await keep(dataDir, FILE, JSON.stringify(secrets, null, 2));
  return secrets;
}

async function allThere(sources: ReturnType<typeof makeMongoWebhookSources>): Promise<boolean> {
  return (await Promise.all(SOURCES.map(({ name }) => sources.find(name)))).every((source) => source !== undefined);
}

/** A new secret of the source, which is made if it is not there: a start that was broken off may have made it. */
async function secretOf(source: (typeof SOURCES)[number], manager: SourceManager): Promise<string> {
  const created = await manager.create({ ...source, generateSecret: true });
  const changed: Changed = created.kind === "exists" ? await manager.addSecret(source.name, {}) : created;
  if (changed.kind === "done" && changed.secret) return changed.secret.secret;
  throw new Error(`the example source ${source.name} could not be made: ${changed.kind === "faulty" ? changed.faults[0]?.message : changed.kind}`);
}

/** Calls to paste, which become tickets as they stand. */
export function exampleCalls(url: string, { example, "example-json": token }: ExampleSecrets): string[] {
  const hexKey = Buffer.from(example.replace("whsec_", ""), "base64").toString("hex");
  return [
    "  Or send an event, with a token and signed by Standard Webhooks:",
    "",
    `  curl -s ${url}/webhooks/example-json -H 'authorization: Bearer ${token}' -H 'content-type: application/json' \\`,
    `    -d '{"id": "disk-1", "subject": "Disk full", "message": "On **web-1**."}'`,
    "",
    `  id=msg_1 ts=$(date +%s) body='{"type": "example.made", "data": {"subject": "Signed", "message": "It **is**."}}'`,
    `  sig=$(printf '%s.%s.%s' "$id" "$ts" "$body" | openssl dgst -sha256 -mac HMAC -macopt hexkey:${hexKey} -binary | openssl base64 -A)`,
    `  curl -s ${url}/webhooks/example -H "webhook-id: $id" -H "webhook-timestamp: $ts" -H "webhook-signature: v1,$sig" -d "$body"`,
    "",
  ];
}
