// The public surface of the store; nothing else of this package may be imported from outside.

export { auditStore, type Difference, type StoreAudit } from "./audit.ts";
export { BlobNotFound, type BlobStore, BlobTooLarge } from "./blob-store.ts";
export { claimSweep, sweepBlobs } from "./blob-sweep.ts";
export { connectStore, type StoreConnection } from "./connect.ts";
export { type DeadLetterStore, forgetRefusal, makeMongoDeadLetters, recordDropped } from "./dead-letters.ts";
export type { CredentialStore, Directory } from "./directory.ts";
export { type Erased, type ErasedPerson, erasePerson, findPerson, isOfPerson } from "./erase.ts";
export { EXAMPLE_DATA, seedExampleData } from "./example-data.ts";
export { type ImportOutcome, importReferenceData } from "./import-reference-data.ts";
export { type InboundAccepted, type InboundFilter, type InboundOutcome, type InboundStore, LARGEST_LIST, makeMongoInbound } from "./inbound.ts";
export { type Mailbox, type Mailboxes, makeMongoMailboxes } from "./mailboxes.ts";
export { makeMemoryBlobStore, makeMemoryCredentialStore, makeMemoryDirectory, makeMemoryTicketStore } from "./memory-stores.ts";
export { makeMongoBlobStore } from "./mongo-blob-store.ts";
export { makeMongoCredentialStore, makeMongoDirectory } from "./mongo-directory.ts";
export { makeMongoTicketReader, makeMongoTicketStore } from "./mongo-ticket-store.ts";
export { makeStoreOperations, type StoreCounts, type StoreOperations, type Trace } from "./operations.ts";
export { isStoreOutage, StoreUnavailable } from "./outage.ts";
export { makeMongoReceipts, type ReceiptStore } from "./receipts.ts";
export type { ReferenceFile, RowFault } from "./reference-files.ts";
export type { ReferenceData } from "./reference-schemas.ts";
export { ensureSecret, hashSecret, verifySecret } from "./secrets.ts";
export { makeStoreClock, type StoreClock } from "./store-clock.ts";
export type { TicketReader, TicketStore } from "./ticket-store.ts";
