import { randomUUID } from "node:crypto";
import { makeOperatorQueue } from "@openticket/client";
import { type Decision, ERASED, FIRST_CHECK_MS, type InboundRecord, inboundCommandOf, inboundJobName } from "@openticket/contract";
import { forgetRefusal, makeMongoInbound, type StoreConnection } from "@openticket/store";
import type { CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";

/** The message of that name. Throws {@link CliFailure}. */
export async function findMessage(store: StoreConnection, id: string): Promise<InboundRecord> {
  const record = await makeMongoInbound(store, { now: () => new Date() }).find(id);
  if (!record) throw new CliFailure(`There is no message ${id}; see opentickets mail list.`);
  return record;
}

/** Those of quarantine, or those named. Throws {@link CliFailure} when nothing is named or one of them is not there. */
export async function chosenMessages(
  store: StoreConnection,
  { ids = [], all, mailbox }: { ids?: string[] | undefined; all?: boolean | undefined; mailbox?: string | undefined },
): Promise<InboundRecord[]> {
  if (ids.length > 0) return Promise.all(ids.map((id) => findMessage(store, id)));
  if (!all && mailbox === undefined) throw new CliFailure("Name messages, or choose those in quarantine by --mailbox or --all.", 2);
  const inbound = makeMongoInbound(store, { now: () => new Date() });
  const found: InboundRecord[] = [];
  for (let after: string | undefined; ; after = found.at(-1)?._id) {
    const page = await inbound.list({ mailbox: mailbox?.toLowerCase(), state: "quarantined", limit: 500, after });
    found.push(...page);
    if (page.length < 500) return found;
  }
}

/** Throws {@link CliFailure} for a message that became something, is still to be decided, or was erased. */
export function requireUndone(record: InboundRecord): void {
  const { _id, state, ticket } = record;
  requireNotErased(record);
  if (state === "stored") throw new CliFailure(`${_id} is not decided yet: it is read, or will be, without your help.`);
  if (ticket) throw new CliFailure(`${_id} has become ticket ${ticket.tid} already.`);
}

/** Throws {@link CliFailure} for a message whose content is not kept any more. */
export function requireContent(record: InboundRecord): void {
  const { _id, contentRemovedAt } = record;
  requireNotErased(record);
  if (contentRemovedAt) throw new CliFailure(`The content of ${_id} was removed on ${contentRemovedAt.toISOString()}: see INBOUND_CONTENT_RETENTION_DAYS.`);
}

function requireNotErased({ _id, reason }: InboundRecord): void {
  if (reason?.code === ERASED) throw new CliFailure(`${_id} was erased: nothing is left of it but its name.`);
}

/** Lets messages be read and decided again; what an earlier try was refused for is forgotten. `note` says why in its trace. */
export async function replayMessages(
  records: readonly { record: InboundRecord; note: Decision; raw?: InboundRecord["raw"] }[],
  { connections, output }: CommandDeps,
): Promise<number> {
  const store = await connections.store();
  const { now } = await connections.clock();
  const inbound = makeMongoInbound(store, { now });
  const queue = makeOperatorQueue(await connections.redis());
  const progress = output.progress("replayed", records.length);
  // In this order: broken off in between, the recovery finds the message undecided.
  for (const { record, note, raw } of records) {
    await forgetRefusal(store, record.requestId);
    await inbound.putBack(record._id, { checkAt: new Date(now().getTime() + FIRST_CHECK_MS), note, ...(raw && { raw }) });
    await queue.enqueueAgain(record.requestId, inboundJobName(record), inboundCommandOf(record));
    progress.step();
  }
  progress.end();
  await queue.close();
  return records.length;
}

/** A name for a file that nobody else has. */
export function uniqueFileName(id: string): string {
  return `${id}-${randomUUID().slice(0, 8)}.eml`;
}
