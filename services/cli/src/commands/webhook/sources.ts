import { makeMongoMailboxes, makeMongoWebhookSources, type WebhookSources } from "@openticket/store";
import { type Changed, makeSecretBox, makeSourceManager, newSecretId, type SourceManager, viewSource } from "@openticket/webhooks";
import type { CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { faulty, withSecret } from "../secrets.ts";

/** The sources, and what sets them up. */
export async function openSources({ connections }: CommandDeps): Promise<{ sources: WebhookSources; manager: SourceManager }> {
  const store = await connections.store();
  const { now } = await connections.clock();
  const sources = makeMongoWebhookSources(store);
  const box = makeSecretBox(connections.secretsKey());
  return { sources, manager: makeSourceManager({ sources, mailboxes: makeMongoMailboxes(store), box, now, newId: newSecretId }) };
}

/** Says what became of a change, with the secret that it has made; every fault of a definition with its path. */
export function answerChange(changed: Changed, name: string, { output }: CommandDeps, said: string): undefined {
  switch (changed.kind) {
    case "done": {
      const { source, secret } = changed;
      return output.answer({ ...shownSource(source), ...(secret && { newSecret: secret }) }, () => withSecret(said, secret)) as undefined;
    }
    case "faulty":
      throw faulty(changed.faults);
    case "exists":
      throw new CliFailure(`There is a source ${name} already.`);
    case "conflict":
      throw new CliFailure(`${name} was changed by somebody else meanwhile; nothing was done.`);
    case "missing":
      throw new CliFailure(`There is no source ${name}, or no such secret of it; see opentickets webhook list.`);
  }
}

/** A source for programs: without its secrets, and without its URL, which this machine does not know. */
export function shownSource(source: Parameters<typeof viewSource>[0]): object {
  const { url, ...shown } = viewSource(source, "");
  return { ...shown, path: url };
}
