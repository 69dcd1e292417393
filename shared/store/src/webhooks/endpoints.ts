import type { WebhookEndpoint } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { eachInTime } from "../in-time.ts";
import { insertNew } from "../insert-new.ts";

/** Endpoints that hear of our events. */
export interface EndpointStore {
  /** All of them, by name. */
  all(): Promise<WebhookEndpoint[]>;
  find(name: string): Promise<WebhookEndpoint | undefined>;
  /** False when there is one of that name. */
  create(endpoint: WebhookEndpoint): Promise<boolean>;
  /** Puts `next` in the place of the one that was read; false when that was changed or removed meanwhile. */
  replace(read: WebhookEndpoint, next: WebhookEndpoint): Promise<boolean>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
  /** Stops the calls to it, unless the operator has let them go on after `since`; false when nothing was changed. */
  disable(name: string, why: { at: Date; reason: string; since: Date }): Promise<boolean>;
}

/** See {@link EndpointStore}. */
export function makeMongoEndpoints(store: StoreConnection): EndpointStore {
  const endpoints = store.db.collection<WebhookEndpoint>(COLLECTIONS.webhookEndpoints);
  return eachInTime({
    all: () => endpoints.find({}, { sort: { _id: 1 } }).toArray(),
    find: async (name) => (await endpoints.findOne({ _id: name })) ?? undefined,
    create: (endpoint) => insertNew(endpoint, endpoints),
    async replace({ _id, updatedAt }, next) {
      return (await endpoints.replaceOne({ _id, updatedAt }, next)).matchedCount > 0;
    },
    remove: async (name) => (await endpoints.deleteOne({ _id: name })).deletedCount > 0,
    async disable(name, { at, reason, since }) {
      const filter = { _id: name, updatedAt: { $lte: since }, disabled: { $exists: false } };
      return (await endpoints.updateOne(filter, { $set: { disabled: { at, reason } } })).modifiedCount > 0;
    },
  });
}
