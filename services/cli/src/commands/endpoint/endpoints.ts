import { randomBytes } from "node:crypto";
import { type CallStore, type EndpointStore, makeMongoCalls, makeMongoEndpoints } from "@openticket/store";
import { type EndpointChanged, type EndpointManager, makeEndpointManager, makeSecretBox, newSecretId, SECRET_BYTES, viewEndpoint } from "@openticket/webhooks";
import type { CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { faulty, withSecret } from "../secrets.ts";

export interface OpenEndpoints {
  endpoints: EndpointStore;
  calls: CallStore;
  manager: EndpointManager;
}

/** The endpoints, their calls, and what sets them up. */
export async function openEndpoints({ connections }: CommandDeps): Promise<OpenEndpoints> {
  const store = await connections.store();
  const { now } = await connections.clock();
  const [endpoints, calls] = [makeMongoEndpoints(store), makeMongoCalls(store)];
  const manager = makeEndpointManager({
    endpoints,
    calls,
    box: makeSecretBox(connections.secretsKey()),
    allowedNetworks: connections.eventNetworks(),
    now,
    newId: newSecretId,
    newKey: () => randomBytes(SECRET_BYTES),
  });
  return { endpoints, calls, manager };
}

/** Says what became of a change, with the secret that it has made; every fault with its path. */
export function answerChange(changed: EndpointChanged, name: string, { output }: CommandDeps, said: string): undefined {
  switch (changed.kind) {
    case "done": {
      const { endpoint, secret } = changed;
      output.answer({ ...viewEndpoint(endpoint), ...(secret && { newSecret: secret }) }, () => withSecret(said, secret));
      return undefined;
    }
    case "faulty":
      throw faulty(changed.faults);
    case "exists":
      throw new CliFailure(`There is an endpoint ${name} already.`);
    case "full":
      throw new CliFailure("There are as many endpoints as may be.");
    case "conflict":
      throw new CliFailure(`${name} was changed by somebody else meanwhile; nothing was done.`);
    case "missing":
      throw unknownEndpoint(name);
  }
}

/** There is none of that name. */
export function unknownEndpoint(name: string): CliFailure {
  return new CliFailure(`There is no endpoint ${name}, or no such secret of it; see opentickets endpoint list.`);
}
