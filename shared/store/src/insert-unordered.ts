import type mongoose from "mongoose";
import { z } from "zod";
import { MAJORITY } from "./connect.ts";
import { StoreUnavailable } from "./outage.ts";

/** Why one document of a batch was not stored. */
export interface InsertFailure {
  code: number;
  message: string;
  /** The index that was violated, if one was. */
  index: string | undefined;
}

const reply = z.looseObject({
  writeErrors: z.array(z.looseObject({ index: z.int(), code: z.number(), errmsg: z.string().default("") })).default([]),
  writeConcernError: z.unknown().optional(),
});

/**
 * Inserts documents with one command, in any order, journaled on a majority; what failed, by place in the list.
 *
 * The command itself, not the driver's `insertMany`: that measures and wraps every document once more and repeats the
 * command by itself, which here is the committer's own task. MongoDB takes 16 MB and 16 kB of such a command: with documents of
 * more in all it fails. Throws when the whole batch failed or its fate is unknown.
 */
export async function insertUnordered(
  db: Pick<mongoose.mongo.Db, "command">,
  collection: string,
  documents: readonly object[],
): Promise<Map<number, InsertFailure>> {
  const answer = await db.command({ insert: collection, documents, ordered: false, writeConcern: MAJORITY });
  const { writeErrors, writeConcernError } = reply.parse(answer);
  if (writeConcernError !== undefined && writeErrors.length < documents.length)
    throw new StoreUnavailable("stored, but not on a majority in time", { cause: writeConcernError });
  return new Map(writeErrors.map(({ index, code, errmsg }) => [index, { code, message: errmsg, index: /index: (\S+) dup key/.exec(errmsg)?.[1] }]));
}
