import { afterEach, beforeEach, expect, it } from "vitest";
import { emptyRedis } from "../support/empty-redis.ts";
import { DOOR, type Fleet, makeFleet, WORKER } from "../support/fleet.ts";
import { postTicket, rest } from "../support/rest.ts";
import { until } from "../support/until.ts";

const REQUESTS = 50;
const ticket = (n: number) => ({ deptid: 1, clientid: 1, subject: `Lost and found ${n}`, message: "m" });

let fleet: Fleet;
beforeEach(async () => {
  fleet = await makeFleet();
});
afterEach(() => fleet.stop());

/** The recovery looks at a receipt 30 s after it was given; nobody is to wait for that here. */
const letRecoveryLook = () => fleet.store.db.collection("receipts").updateMany({ checkAt: { $exists: true } }, { $set: { checkAt: new Date(0) } });

it("every request that was answered 202 becomes one ticket, though Redis was emptied", async () => {
  const { url: httpUrl } = await fleet.start(DOOR);
  const door = { httpUrl, credentials: fleet.credentials };
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, (_, n) => postTicket(door, ticket(n), { prefer: "respond-async", ...(n % 2 === 0 && { "idempotency-key": `k${n}` }) })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  expect(await emptyRedis(fleet.prefix)).toBeGreaterThan(REQUESTS);
  const before = await rest(door, "GET", answers[0]?.headers.get("location") ?? "");
  expect(before.body.state).toBe("queued");

  await fleet.start(WORKER);
  await letRecoveryLook();
  const tickets = fleet.store.db.collection("tickets");
  await until("every ticket", async () => (await tickets.countDocuments()) >= REQUESTS, 60_000);
  const outcomes = await Promise.all(answers.map(({ headers }) => rest(door, "GET", `${headers.get("location")}?wait=10`)));
  expect(new Set(outcomes.map(({ body }) => body.result?.id)).size).toBe(REQUESTS);
  expect(await tickets.countDocuments()).toBe(REQUESTS);
  await until("the receipts to be closed", async () => (await fleet.store.db.collection("receipts").countDocuments({ decidedAt: { $exists: false } })) === 0);
});

it("what became of a request is known after a restart of everything and with an empty Redis", async () => {
  const [{ url: httpUrl }, worker] = await Promise.all([fleet.start(DOOR), fleet.start(WORKER)]);
  const door = { httpUrl, credentials: fleet.credentials };
  const opened = await postTicket(door, ticket(1), { "idempotency-key": "known" });
  const refused = await postTicket(door, { ...ticket(2), deptid: 99 });
  await worker.stop();
  await emptyRedis(fleet.prefix);
  const { url } = await fleet.start(DOOR);
  const anew = { httpUrl: url, credentials: fleet.credentials };
  expect((await rest(anew, "GET", `/v1/requests/${opened.body.requestId}`)).body).toMatchObject({ state: "done", result: { id: opened.body.id } });
  expect((await rest(anew, "GET", "/v1/requests?idempotencyKey=known")).body.state).toBe("done");
  expect((await rest(anew, "GET", `/v1/requests/${refused.body.requestId}`)).body).toMatchObject({
    state: "rejected",
    errors: [{ code: "department_not_found" }],
  });
});
