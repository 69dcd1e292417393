import { type Receipt, requestIdOfKey } from "@openticket/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callJson, GUEST } from "../../../test/support/api-php.ts";
import { addCredential } from "../../../test/support/credentials.ts";
import { emptyRedis } from "../../../test/support/empty-redis.ts";
import { rest } from "../../../test/support/rest.ts";
import { type Stack, startStack } from "../../../test/support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ withWorker: false, env: { HTTP_REPLY_TIMEOUT_MS: "100" } });
});
afterAll(async () => {
  await stack.store.db.dropDatabase();
  await stack.stop();
});

it("a late request is under way, for who has sent it, while its receipt is still being written", async () => {
  const other = await addCredential(stack, "other", ["openticket"]);
  const receipts = stack.store.db.collection<Pick<Receipt, "_id">>("receipts");
  const _id = requestIdOfKey(stack.credentials.identifier, "late");
  const session = stack.store.connection.getClient().startSession();
  session.startTransaction();
  try {
    // What this holds, another write waits for, while nobody else sees it.
    await receipts.insertOne({ _id }, { session });
    const { status, requestid } = await callJson(stack, { ...GUEST, idempotencykey: "late" });
    expect([status, requestid]).toEqual([503, _id]);
    await emptyRedis(stack.prefix);
    expect(await receipts.countDocuments()).toBe(0);
    expect((await rest(stack, "GET", `/v1/requests/${requestid}`)).body.state).toBe("queued");
    expect((await rest({ ...stack, credentials: other }, "GET", `/v1/requests/${requestid}`)).status).toBe(404);
  } finally {
    await session.abortTransaction();
    await session.endSession();
  }
});
