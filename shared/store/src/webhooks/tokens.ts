import { createHash } from "node:crypto";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { eachInTime } from "../in-time.ts";
import { insertOrFind } from "../insert-or-find.ts";

/**
 * Tokens of signatures that cover no body, such as Mailgun's: who has seen one call could send any other body with its
 * token. So the first body that comes with a token is the only one.
 */
export interface WebhookTokens {
  /**
   * Remembers which body a token of a source came with, until then. True for that body, however often it comes again, and
   * false for every other. Throws on an outage.
   */
  isFor(source: string, token: string, bodySha256: string, until: Date): Promise<boolean>;
}

interface TokenDocument {
  /** Hash of source and token. */
  _id: string;
  bodySha256: string;
  expiresAt: Date;
}

/** See {@link WebhookTokens}. */
export function makeMongoWebhookTokens(store: StoreConnection): WebhookTokens {
  const tokens = store.db.collection<TokenDocument>(COLLECTIONS.webhookTokens);
  const isSame = (stored: TokenDocument, { bodySha256 }: TokenDocument) => stored.bodySha256 === bodySha256;
  return eachInTime({
    async isFor(source, token, bodySha256, expiresAt) {
      const _id = createHash("sha256").update(`${source}\0${token}`).digest("hex");
      const [standing] = await insertOrFind(store.db, [{ _id, bodySha256, expiresAt }], tokens, isSame);
      if (standing instanceof Error) throw standing;
      return standing === undefined || standing.bodySha256 === bodySha256;
    },
  });
}
