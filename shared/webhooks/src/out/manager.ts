import { MAX_ENDPOINTS, type SealedSecret, type WebhookCallRecord, type WebhookEndpoint } from "@openticket/contract";
import type { SecretBox } from "../secret-box.ts";
import { type DefinitionFault, zodFaults } from "../sources/definition.ts";
import { endOfCall, makeTestCall } from "./call.ts";
import { changeEndpoint, endpointChangesForm, isActive, makeEndpoint, newEndpointForm, newSecretForm, withNewSecret, withoutSecret } from "./endpoint-form.ts";
import { secretOf } from "./sign.ts";

/** Sets up endpoints; every way in asks it, so that the same is right everywhere. Throws on an outage, and SecretsLocked. */
export interface EndpointManager {
  create(given: unknown): Promise<EndpointChanged>;
  change(name: string, given: unknown): Promise<EndpointChanged>;
  /** Removes an endpoint with its secrets, and all its calls; false when there is none. */
  remove(name: string): Promise<boolean>;
  /** Makes a new secret; the others end soon, as is asked. */
  addSecret(name: string, given: unknown): Promise<EndpointChanged>;
  removeSecret(name: string, id: string): Promise<EndpointChanged>;
  /** Owes the endpoint an event that says nothing; its call goes the way of all others. */
  test(name: string): Promise<{ kind: "owed"; callId: string } | { kind: "missing" | "inactive" }>;
  /** Makes a call due again, however it ended. */
  replay(callId: string): Promise<"owed" | "in-hand" | "unknown">;
}

/** What became of a change. `secret`: in clear, to be shown this once. `full`: there are as many as may be. */
export type EndpointChanged =
  | { kind: "done"; endpoint: WebhookEndpoint; secret?: { id: string; secret: string } }
  | { kind: "faulty"; faults: DefinitionFault[] }
  | { kind: "missing" | "exists" | "conflict" | "full" };

export interface EndpointManagerDeps {
  endpoints: {
    all(): Promise<WebhookEndpoint[]>;
    find(name: string): Promise<WebhookEndpoint | undefined>;
    add(endpoint: WebhookEndpoint): Promise<boolean>;
    replace(read: WebhookEndpoint, next: WebhookEndpoint): Promise<boolean>;
    remove(name: string): Promise<boolean>;
  };
  calls: {
    forget(endpoint: string): Promise<void>;
    owe(call: WebhookCallRecord): Promise<void>;
    replay(id: string, again: { now: Date; endsAt: Date }): Promise<"owed" | "in-hand" | "unknown">;
  };
  box: SecretBox;
  /** Networks beside the public internet that endpoints may be in, as CIDR ranges. */
  allowedNetworks: readonly string[];
  now(): Date;
  /** A name for a secret that no other has. */
  newId(): string;
  /** Random bytes of a new secret, or of a name. */
  newKey(): Buffer;
}

/** Hex digits in the name of an event. */
const ID_LENGTH = 32;
/** Changes that are tried again when another one comes between. */
const MAX_TRIES = 3;

/** See {@link EndpointManager}. */
export function makeEndpointManager(deps: EndpointManagerDeps): EndpointManager {
  const { endpoints, calls, allowedNetworks, now } = deps;
  const [newForm, changesForm] = [newEndpointForm(allowedNetworks), endpointChangesForm(allowedNetworks)];
  return {
    async create(given) {
      const asked = newForm.safeParse(given);
      if (!asked.success) return { kind: "faulty", faults: zodFaults(asked.error) };
      if ((await endpoints.all()).length >= MAX_ENDPOINTS) return { kind: "full" };
      const made = makeSecret(deps);
      const endpoint = makeEndpoint(asked.data, made.sealed, now());
      return (await endpoints.add(endpoint)) ? { kind: "done", endpoint, secret: made.shown } : { kind: "exists" };
    },
    change: (name, given) =>
      changed(name, deps, (endpoint) => {
        const asked = changesForm.safeParse(given);
        return asked.success ? { endpoint: changeEndpoint(endpoint, asked.data, now()) } : { kind: "faulty", faults: zodFaults(asked.error) };
      }),
    async remove(name) {
      const isRemoved = await endpoints.remove(name);
      // Even when there was none: a removal that was cut off is completed so.
      await calls.forget(name);
      return isRemoved;
    },
    addSecret: (name, given) =>
      changed(name, deps, (endpoint) => {
        const asked = newSecretForm.safeParse(given ?? {});
        if (!asked.success) return { kind: "faulty", faults: zodFaults(asked.error) };
        const made = makeSecret(deps);
        return { endpoint: withNewSecret(endpoint, made.sealed, { ...asked.data, now: now() }), secret: made.shown };
      }),
    removeSecret: (name, id) =>
      changed(name, deps, (endpoint) => {
        const next = withoutSecret(endpoint, id, now());
        if (next === "last") return { kind: "faulty", faults: [{ path: "id", message: "it is the last valid secret: make a new one first" }] };
        return next ? { endpoint: next } : { kind: "missing" };
      }),
    async test(name) {
      const endpoint = await endpoints.find(name);
      if (!endpoint) return { kind: "missing" };
      if (!isActive(endpoint)) return { kind: "inactive" };
      const call = makeTestCall(name, `evt_${deps.newKey().toString("hex").slice(0, ID_LENGTH)}`, now());
      await calls.owe(call);
      return { kind: "owed", callId: call._id };
    },
    replay: (callId) => calls.replay(callId, { now: now(), endsAt: endOfCall(now()) }),
  };
}

function makeSecret({ box, now, newId, newKey }: EndpointManagerDeps): { sealed: SealedSecret; shown: { id: string; secret: string } } {
  const [id, secret] = [newId(), secretOf(newKey())];
  return { sealed: { id, sealed: box.seal(secret), createdAt: now() }, shown: { id, secret } };
}

type Change = { endpoint: WebhookEndpoint; secret?: { id: string; secret: string } } | Exclude<EndpointChanged, { kind: "done" }>;

/** Changes an endpoint as it is; once more where somebody else's change has come between. */
async function changed(name: string, { endpoints }: EndpointManagerDeps, make: (endpoint: WebhookEndpoint) => Change): Promise<EndpointChanged> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = await endpoints.find(name);
    if (!before) return { kind: "missing" };
    const made = make(before);
    if ("kind" in made) return made;
    if (await endpoints.replace(before, made.endpoint)) return { kind: "done", ...made };
  }
  return { kind: "conflict" };
}
