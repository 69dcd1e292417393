import type { WebhookSource } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { inTime } from "../in-time.ts";
import { insertNew } from "../insert-new.ts";
import { keep } from "../keep.ts";

/** Sources of webhooks. */
export interface WebhookSources {
  find(name: string): Promise<WebhookSource | undefined>;
  /** The same, for a door that asks with every call: a change is seen at once, one of another process within {@link KEPT_MS}. */
  findKept(name: string): Promise<WebhookSource | undefined>;
  /** By name. */
  all(): Promise<WebhookSource[]>;
  /** False when there is one of that name. */
  create(source: WebhookSource): Promise<boolean>;
  /** Puts `next` in the place of the one that was read; false when that was changed or removed meanwhile. */
  replace(read: WebhookSource, next: WebhookSource): Promise<boolean>;
  /** False when there is none. */
  remove(name: string): Promise<boolean>;
}

/** How long a source is taken as it was, ms. */
const KEPT_MS = 2000;
/** Names that are kept, those of no source too; then all are forgotten. */
const KEPT_NAMES = 1000;

/** See {@link WebhookSources}. */
export function makeMongoWebhookSources(store: StoreConnection): WebhookSources {
  const sources = store.db.collection<WebhookSource>(COLLECTIONS.webhookSources);
  const find = async (name: string) => (await inTime(sources.findOne({ _id: name }))) ?? undefined;
  const kept = keep(find, { ms: KEPT_MS, most: KEPT_NAMES });
  const changing = async (name: string, change: Promise<boolean>) => inTime(change).finally(() => kept.forget(name));
  return {
    find,
    findKept: kept.get,
    all: () => inTime(sources.find({}, { sort: { _id: 1 } }).toArray()),
    create: (source) => changing(source._id, insertNew(source, sources)),
    replace: ({ _id, updatedAt }, next) =>
      changing(
        _id,
        sources.replaceOne({ _id, updatedAt }, next).then(({ matchedCount }) => matchedCount > 0),
      ),
    remove: (name) =>
      changing(
        name,
        sources.deleteOne({ _id: name }).then(({ deletedCount }) => deletedCount > 0),
      ),
  };
}
