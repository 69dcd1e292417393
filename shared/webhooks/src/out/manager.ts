import { MAX_ENDPOINTS, type SealedSecret, type WebhookCallRecord, type WebhookEndpoint } from "@openticket/contract";
import { type Change, changeKept, type KeptStore } from "../change-kept.ts";
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
  endpoints: KeptStore<WebhookEndpoint> & {
    all(): Promise<WebhookEndpoint[]>;
    create(endpoint: WebhookEndpoint): Promise<boolean>;
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
      return (await endpoints.create(endpoint)) ? { kind: "done", endpoint, secret: made.shown } : { kind: "exists" };
    },
    change: (name, given) =>
      changed(name, deps, (endpoint) => {
        const asked = changesForm.safeParse(given);
        return asked.success ? { next: changeEndpoint(endpoint, asked.data) } : { kind: "faulty", faults: zodFaults(asked.error) };
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
        return { next: withNewSecret(endpoint, made.sealed, { ...asked.data, now: now() }), secret: made.shown };
      }),
    removeSecret: (name, id) =>
      changed(name, deps, (endpoint) => {
        const next = withoutSecret(endpoint, id, now());
        if (next === "last") return { kind: "faulty", faults: [{ path: "id", message: "it is the last valid secret: make a new one first" }] };
        return next ? { next } : { kind: "missing" };
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

async function changed(
  name: string,
  { endpoints, now }: EndpointManagerDeps,
  make: (endpoint: WebhookEndpoint) => Change<WebhookEndpoint> | Exclude<EndpointChanged, { kind: "done" }>,
): Promise<EndpointChanged> {
  const result = await changeKept(name, { kept: endpoints, now }, make);
  if (result.kind !== "done") return result;
  const { next: endpoint, ...done } = result;
  return { ...done, endpoint };
}
