import { connectRedis, makeOperatorQueue } from "@openticket/client";
import { afterEach, describe, expect, it } from "vitest";
import { testRedisUrl, uniqueName } from "../../../../../test/support/servers.ts";
import { type Stack, startStack } from "../../../../../test/support/stack.ts";
import { openTcpProxy, type TcpProxy } from "../../../../../test/support/tcp-proxy.ts";
import { until } from "../../../../../test/support/until.ts";
import { callWebhook, recordsOf, setUpSource } from "../../../../../test/support/webhook-calls.ts";

const headers = { authorization: "Bearer token" };
const SOURCE = { name: "s", kind: "json", secret: "token", settings: { idPointer: "/id" } };

let stack: Stack | undefined;
let proxy: TcpProxy | undefined;
afterEach(async () => {
  proxy?.thaw();
  await stack?.store.db.dropDatabase();
  await stack?.stop();
  await proxy?.close();
  [stack, proxy] = [undefined, undefined];
});

/** A door with one source, on the other side of a proxy. */
async function start(variable: "MONGODB_URL" | "REDIS_URL", socketTimeout = "&socketTimeoutMS=2000"): Promise<Stack> {
  const prefix = uniqueName("outage");
  proxy = await openTcpProxy(Number(new URL(process.env[variable] ?? "").port));
  const url =
    variable === "MONGODB_URL"
      ? { MONGODB_URL: `mongodb://127.0.0.1:${proxy.port}/${prefix}?directConnection=true${socketTimeout}` }
      : { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
  stack = await startStack({ withWorker: false, prefix, env: url });
  await setUpSource(stack, SOURCE);
  return stack;
}
const call = (id: string) => callWebhook(stack ?? { httpUrl: "" }, "s", { body: JSON.stringify({ id }), headers });

describe("while it is away", () => {
  it("MongoDB: a call is told to come again, and is taken when it does", { timeout: 90_000 }, async () => {
    await start("MONGODB_URL");
    expect((await call("before")).status).toBe(200);
    proxy?.freeze();
    const answer = await until("a refusal", async () => {
      const given = await call("meanwhile");
      return given.status !== 200 && given;
    });
    expect([answer.status, answer.headers.get("retry-after"), answer.body.result]).toEqual([503, "5", "error"]);
    proxy?.thaw();
    await until("the same call to be taken", async () => (await call("meanwhile")).status === 200, 60_000);
    expect(stack && (await recordsOf(stack, "s")).map(({ source }) => source.webhook?.eventId).sort()).toEqual(["before", "meanwhile"]);
  });

  it("MongoDB, without a sound: the provider has its answer before it hangs up, which GitHub does after 10 s", { timeout: 60_000 }, async () => {
    await start("MONGODB_URL", "");
    proxy?.freeze();
    const startedAtMs = performance.now();
    expect((await call("1")).status).toBe(503);
    expect(performance.now() - startedAtMs).toBeLessThan(9500);
    proxy?.thaw();
    await until("the same call to be taken", async () => (await call("1")).status === 200, 45_000);
    expect(stack && (await recordsOf(stack, "s")).map(({ source }) => source.webhook?.eventId)).toEqual(["1"]);
  });

  it("Redis: calls are taken all the same, for the recovery to enqueue", { timeout: 60_000 }, async () => {
    await start("REDIS_URL");
    proxy?.freeze();
    for (const id of ["1", "2"]) expect((await call(id)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect((await call("3")).status).toBe(200);
    const records = stack ? await recordsOf(stack, "s") : [];
    expect(records.map(({ state, checkAt }) => [state, checkAt instanceof Date])).toEqual(Array.from({ length: 3 }, () => ["stored", true]));
  });

  it("the key that secrets are sealed with: a call is told to come again", async () => {
    const { prefix, store } = await start("REDIS_URL");
    const other = await startStack({ withWorker: false, prefix, env: { SECRETS_KEY: Buffer.alloc(32, 9).toString("base64") } });
    const answer = await callWebhook(other, "s", { body: "{}", headers });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    await other.stop();
    expect(await store.db.collection("inbound").countDocuments()).toBe(0);
  });
});

it("closed doors take no call, until they are opened", { timeout: 30_000 }, async () => {
  stack = await startStack({ withWorker: false });
  await setUpSource(stack, SOURCE);
  const connection = connectRedis({ url: testRedisUrl(), prefix: stack.prefix, name: "test", role: "door" });
  const queue = makeOperatorQueue({ connection, prefix: stack.prefix });
  await queue.setClosed(true);
  expect(await until("a refusal", async () => (await call("1")).status === 503 && (await call("1")))).toMatchObject({
    body: { message: expect.stringContaining("closed for maintenance") },
  });
  await queue.setClosed(false);
  await until("it to be taken", async () => (await call("1")).status === 200);
  await queue.close();
  connection.disconnect();
});
