import type { SealedSecret, WebhookSource } from "@openticket/contract";
import { type Change, changeKept, type KeptStore } from "../change-kept.ts";
import { endingBy, validSecrets } from "../sealed-secrets.ts";
import type { SecretBox } from "../secret-box.ts";
import type { SourceKind } from "../source-kind.ts";
import { sourceKind } from "../source-kinds.ts";
import { checkDefinition, type DefinitionFault, type SourceDefinition, zodFaults } from "./definition.ts";
import { newSecret, newSource } from "./view.ts";

/** Where sources are kept. */
export interface SourceStore extends KeptStore<WebhookSource> {
  /** By name. */
  all(): Promise<WebhookSource[]>;
  /** False when there is one of that name. */
  create(source: WebhookSource): Promise<boolean>;
  /** False when there is none. */
  remove(name: string): Promise<boolean>;
}

export interface SourceManagerDeps {
  sources: SourceStore;
  mailboxes: { find(address: string): Promise<{ address: string } | undefined> };
  box: SecretBox;
  now(): Date;
  /** A name for a secret that no other has. */
  newId(): string;
}

/** What became of a change. `secret`: in clear, to be shown this once. `conflict`: it was changed by somebody else meanwhile. */
export type Changed =
  | { kind: "done"; source: WebhookSource; secret?: { id: string; secret: string } }
  | { kind: "faulty"; faults: DefinitionFault[] }
  | { kind: "missing" | "exists" | "conflict" };

/** Sets up sources; every way in asks it, so that the same is right everywhere. Throws on an outage, and SecretsLocked. */
export interface SourceManager {
  create(given: unknown): Promise<Changed>;
  /** Replaces everything but the secrets; `seenAt`: only if it was last changed then. */
  replace(name: string, given: unknown, seenAt?: Date): Promise<Changed>;
  setEnabled(name: string, isEnabled: boolean): Promise<Changed>;
  addSecret(name: string, given: unknown): Promise<Changed>;
  /** `missing` also for a secret that is not there. */
  removeSecret(name: string, id: string): Promise<Changed>;
}

/** Secrets of one source that are valid at once. */
const MAX_SECRETS = 10;
const MS_PER_S = 1000;

/** See {@link SourceManager}. */
export function makeSourceManager(deps: SourceManagerDeps): SourceManager {
  return {
    create: (given) => create(given, deps),
    replace: (name, given, seenAt) => replace(name, given, seenAt, deps),
    setEnabled: (name, isEnabled) => change(name, deps, (source) => ({ next: { ...source, isEnabled } })),
    addSecret: (name, given) => addSecret(name, given, deps),
    removeSecret: (name, id) =>
      change(name, deps, (source) => {
        const secrets = source.secrets.filter((secret) => secret.id !== id);
        return secrets.length === source.secrets.length ? { kind: "missing" } : { next: { ...source, secrets } };
      }),
  };
}

async function create(given: unknown, deps: SourceManagerDeps): Promise<Changed> {
  const { name, secret, generateSecret, ...rest } = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  const extras = newSource.pick({ name: true, secret: true, generateSecret: true }).safeParse({ name, secret, generateSecret });
  const checked = await checkDefinition(rest, deps.mailboxes);
  const faults = [...(extras.success ? [] : zodFaults(extras.error)), ...(checked.kind === "faulty" ? checked.faults : [])];
  if (!extras.success || checked.kind === "faulty") return { kind: "faulty", faults };
  const wanted = firstSecret(extras.data, checked.definition);
  if ("faults" in wanted) return { kind: "faulty", faults: wanted.faults };
  const now = deps.now();
  const sealed = wanted.secret === undefined ? undefined : seal(wanted.secret, deps);
  const source = { _id: extras.data.name, ...checked.definition, secrets: sealed ? [sealed] : [], createdAt: now, updatedAt: now };
  if (!(await deps.sources.create(source))) return { kind: "exists" };
  return { kind: "done", source, ...(sealed && wanted.secret !== undefined && { secret: { id: sealed.id, secret: wanted.secret } }) };
}

function firstSecret(
  { secret, generateSecret }: { secret?: string | undefined; generateSecret: boolean },
  { kind: name, settings }: SourceDefinition,
): { secret: string | undefined } | { faults: DefinitionFault[] } {
  if (secret === undefined && !generateSecret) return { secret: undefined };
  if (secret !== undefined && generateSecret) return { faults: [{ path: "generateSecret", message: "a secret is either given or made" }] };
  return secretFor({ secret }, { kind: name, settings }, "generateSecret");
}

/** The secret that is given, or a new one. `path`: what asked for a new one. */
function secretFor(
  { secret }: { secret?: string | undefined },
  { kind: name, settings }: Pick<WebhookSource, "kind" | "settings">,
  path: string,
): { secret: string } | { faults: DefinitionFault[] } {
  const kind = sourceKind(name);
  if (!kind) return { faults: [{ path: "kind", message: `this version does not serve ${name}` }] };
  const known = kind.settings.parse(settings);
  if (secret === undefined) {
    const made = kind.secrets.generate?.(known);
    return made === undefined
      ? { faults: [{ path, message: `the provider makes the secret of a source of the kind ${name}: give it here` }] }
      : { secret: made };
  }
  const fault = kind.secrets.faultOf(secret, known);
  return fault ? { faults: [{ path: "secret", message: fault }] } : { secret };
}

async function replace(name: string, given: unknown, seenAt: Date | undefined, deps: SourceManagerDeps): Promise<Changed> {
  const checked = await checkDefinition(given, deps.mailboxes);
  if (checked.kind === "faulty") return (await deps.sources.find(name)) ? checked : { kind: "missing" };
  return change(name, deps, (source) => {
    if (seenAt && source.updatedAt.getTime() !== seenAt.getTime()) return { kind: "conflict" };
    const faults = unfitting(source, checked.definition, deps);
    const { _id, secrets, createdAt, updatedAt } = source;
    return faults.length > 0 ? { kind: "faulty", faults } : { next: { _id, ...checked.definition, secrets, createdAt, updatedAt } };
  });
}

/** What stays of a source, and does not go with what it is to become. */
function unfitting({ kind: before, secrets }: WebhookSource, { kind: name, settings }: SourceDefinition, { box }: SourceManagerDeps): DefinitionFault[] {
  if (name !== before) return [{ path: "kind", message: `the kind of a source stays as it is, ${before}: remove the source and make it again` }];
  const kind: SourceKind | undefined = sourceKind(name);
  return secrets.flatMap(({ id, sealed }) => {
    const fault = kind?.secrets.faultOf(box.open(sealed), kind.settings.parse(settings));
    return fault ? [{ path: "settings", message: `the secret ${id} does not go with them (${fault}): remove it first` }] : [];
  });
}

async function addSecret(name: string, given: unknown, deps: SourceManagerDeps): Promise<Changed> {
  const asked = newSecret.safeParse(given ?? {});
  if (!asked.success) return (await deps.sources.find(name)) ? { kind: "faulty", faults: zodFaults(asked.error) } : { kind: "missing" };
  return change(name, deps, (source) => {
    const wanted = secretFor(asked.data, source, "secret");
    if ("faults" in wanted) return { kind: "faulty", faults: wanted.faults };
    const { expireOthersInSeconds: endInS } = asked.data;
    const now = deps.now();
    const valid = validSecrets(source, now).map((secret) => (endInS === undefined ? secret : endingBy(secret, new Date(now.getTime() + endInS * MS_PER_S))));
    if (valid.length >= MAX_SECRETS)
      return { kind: "faulty", faults: [{ path: "secret", message: `a source has at most ${MAX_SECRETS} secrets: remove one` }] };
    const sealed = seal(wanted.secret, deps);
    return { next: { ...source, secrets: [...valid, sealed] }, secret: { id: sealed.id, secret: wanted.secret } };
  });
}

function seal(secret: string, { box, newId, now }: SourceManagerDeps): SealedSecret {
  return { id: newId(), sealed: box.seal(secret), createdAt: now() };
}

async function change(
  name: string,
  { sources, now }: SourceManagerDeps,
  make: (source: WebhookSource) => Change<WebhookSource> | Exclude<Changed, { kind: "done" }>,
): Promise<Changed> {
  const changed = await changeKept(name, { kept: sources, now }, make);
  if (changed.kind !== "done") return changed;
  const { next: source, ...done } = changed;
  return { ...done, source };
}
