import type { StoreConnection } from "./connect.ts";
import { type RowFault, readReferenceFiles } from "./reference-files.ts";
import type { ReferenceKind, Row } from "./reference-schemas.ts";
import { hashSecret } from "./secrets.ts";

/** What an operator says of a credential; what is undefined was not said. */
export interface SaidOfCredential {
  identifier: string;
  permissions?: string[] | undefined;
  allowedIps?: string[] | undefined;
  /** Username. */
  admin?: string | undefined;
}

/** A credential without its secret. */
export type StandingCredential = Omit<Row<"credentials">, "secret" | "secretHash">;

export type PutCredential = { kind: "made" | "renewed"; credential: StandingCredential } | { kind: "refused"; faults: RowFault[] };

/**
 * Makes a credential with that secret, or gives it to the one that is there. Of that one everything else stands that was not
 * said, also that it is disabled; a new one gets an import's defaults. It is one write: a change at the same moment is kept.
 */
export async function putCredential({ models }: StoreConnection, said: SaidOfCredential, secret: string): Promise<PutCredential> {
  const isKnown = async (kind: ReferenceKind, key: string | number) => (await models[kind].exists({ _id: key })) !== null;
  const { data, faults } = await readReferenceFiles([{ name: "credentials.json", text: JSON.stringify([{ ...said, secret }]) }], isKnown);
  const [row] = data.credentials;
  if (faults.length > 0 || !row) return { kind: "refused", faults };
  const { secret: _, ...fields } = row;
  const wasSaid = (name: string) => name !== "identifier" && said[name as keyof SaidOfCredential] !== undefined;
  const some = (isWanted: (name: string) => boolean) => Object.fromEntries(Object.entries(fields).filter(([name]) => isWanted(name)));
  const { lastErrorObject, value } = await models.credentials.collection.findOneAndUpdate(
    { _id: row.identifier as never },
    { $set: { ...some(wasSaid), secretHash: hashSecret(secret) }, $setOnInsert: some((name) => !wasSaid(name)) },
    { upsert: true, returnDocument: "after", includeResultMetadata: true, projection: { _id: 0, secretHash: 0 } },
  );
  const credential = value as unknown as StandingCredential;
  return { kind: lastErrorObject?.updatedExisting === true ? "renewed" : "made", credential };
}

/** Turns a credential off, or on again; false when there is none of that name. */
export async function switchCredential({ models }: StoreConnection, identifier: string, isOn: boolean): Promise<boolean> {
  return (await models.credentials.updateOne({ _id: identifier }, { $set: { disabled: !isOn } })).matchedCount > 0;
}
