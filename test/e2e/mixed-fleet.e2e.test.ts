import { makeOpenTicketClient, type OpenTicketClient } from "@openticket/client";
import { COMMAND_QUEUE } from "@openticket/contract";
import { Queue } from "bullmq";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authorization, readJson } from "../support/api-php.ts";
import { DOOR, type Fleet, makeFleet, WORKER } from "../support/fleet.ts";
import { testRedisUrl } from "../support/servers.ts";
import { until } from "../support/until.ts";

/** The programs of the version before this one, as they were built then. */
const OLD_WORKER = "test/fixtures/previous-version/worker.mjs";
const OLD_DOOR = "test/fixtures/previous-version/http.mjs";
const TICKET = { deptid: 1, clientid: 1, subject: "Mixed", message: "fleet" };

let fleet: Fleet;
let client: OpenTicketClient;
beforeEach(async () => {
  fleet = await makeFleet();
  client = makeOpenTicketClient({ redisUrl: testRedisUrl(), prefix: fleet.prefix });
});
afterEach(async () => {
  await client.close();
  await fleet.stop();
});

const post = (url: string, ticket: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/tickets`, {
    method: "POST",
    headers: { ...authorization(fleet), "content-type": "application/json", ...headers },
    body: JSON.stringify(ticket),
  });
const get = async <T>(url: string) => readJson<T>(await fetch(url, { headers: authorization(fleet) }));
const tickets = () => fleet.store.db.collection("tickets").countDocuments();

describe("doors and workers of neighbouring versions", () => {
  it.each([
    ["an old door and a new worker", OLD_DOOR, WORKER],
    ["a new door and an old worker", DOOR, OLD_WORKER],
  ])("%s open tickets, at once and later", async (_which, door, worker) => {
    const [{ url }] = await Promise.all([fleet.start(door), fleet.start(worker)]);
    expect((await post(url, TICKET)).status).toBe(201);
    const accepted = await post(url, { ...TICKET, subject: "later" }, { prefer: "respond-async", "idempotency-key": "k" });
    expect(accepted.status).toBe(202);
    const status = await get<{ state: string }>(`${url}${accepted.headers.get("location")}?wait=10`);
    expect(status.state).toBe("done");
    expect(await tickets()).toBe(2);
  });

  it("a receipt that an old worker does not know of is closed when a new one comes", async () => {
    const [{ url }, old] = await Promise.all([fleet.start(DOOR), fleet.start(OLD_WORKER)]);
    const accepted = await post(url, TICKET, { prefer: "respond-async" });
    await until("the ticket", async () => (await tickets()) === 1);
    const receipts = fleet.store.db.collection("receipts");
    expect(await receipts.countDocuments({ decidedAt: { $exists: false } })).toBe(1);
    await old.stop();
    await receipts.updateMany({}, { $set: { checkAt: new Date(0) } });
    await fleet.start(WORKER);
    await until("the receipt to be closed", async () => (await receipts.countDocuments({ decidedAt: { $exists: true } })) === 1);
    expect((await get<{ state: string }>(`${url}${accepted.headers.get("location")}`)).state).toBe("done");
    expect(await tickets()).toBe(1);
  });

  it("a rolling restart under load loses nothing and doubles nothing", async () => {
    const old = await fleet.start(OLD_WORKER);
    let isOver = false;
    const answers: Promise<{ result: string }>[] = [];
    const load = (async () => {
      for (let n = 0; !isOver && n < 3000; n++) {
        answers.push(client.openTicket({ ...TICKET, subject: `Mixed ${n}` }, { idempotencyKey: `key-${n}`, timeoutMs: 30_000 }));
        if (n % 20 === 0) await answers.at(-1);
      }
    })();
    await until("some tickets", async () => (await tickets()) > 50);
    const next = await fleet.start(WORKER);
    await old.stop();
    const atSwitch = await tickets();
    await until("tickets of the new worker", async () => (await tickets()) > atSwitch + 50);
    await fleet.start(OLD_WORKER);
    await next.stop();
    isOver = true;
    await load;
    const results = await Promise.all(answers);
    expect(results.filter(({ result }) => result !== "success")).toEqual([]);
    expect(await tickets()).toBe(results.length);
  });
});

describe("commands of other versions", () => {
  it.each([
    ["the bare parameters, as the first producers sent them", { ...TICKET }],
    ["a newer version with fields that are not known yet", { v: 2, requestId: "req_newer", ticket: { ...TICKET, mood: "sunny" }, trace: { id: "x" } }],
  ])("%s", async (_which, data) => {
    const queue = new Queue(COMMAND_QUEUE, { connection: { url: testRedisUrl() }, prefix: fleet.prefix });
    await fleet.start(WORKER);
    await queue.add("OpenTicket", data);
    await until("the ticket", async () => (await tickets()) === 1);
    await queue.close();
  });
});
