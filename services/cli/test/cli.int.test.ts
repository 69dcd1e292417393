import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeOpenTicketClient, type ReplyTimeout } from "@openticket/client";
import { COMMAND_QUEUE, type InboundRecord, REPLY_JOB, requestIdOfKey } from "@openticket/contract";
import { makeMongoDeadLetters, makeMongoInbound } from "@openticket/store";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postTicket, rest } from "../../../test/support/rest.ts";
import { type Stack, startStack } from "../../../test/support/stack.ts";
import { until } from "../../../test/support/until.ts";
import { operatorOf } from "./support/opentickets.ts";

const TICKET = { deptid: 1, clientid: 1, subject: "Command line", message: "m" };

let stack: Stack;
let queue: Queue;
let folder: string;
beforeAll(async () => {
  stack = await startStack();
  queue = new Queue(COMMAND_QUEUE, { connection: { url: stack.redisUrl }, prefix: stack.prefix });
  folder = await mkdtemp(join(tmpdir(), "openticket-cli-"));
});
afterAll(async () => {
  await queue.close();
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

const { opentickets, asJson } = operatorOf(() => stack.prefix);

/** A dead letter of a request that nothing is wrong with any more. */
const aLetter = (_id: string) => ({
  _id,
  jobName: "OpenTicket",
  dataJson: JSON.stringify(TICKET),
  code: "failed",
  reason: "a bug",
  attempts: 8,
  receivedAt: new Date(0),
  diedAt: new Date(),
});

const ticketOf = (requestId: string) =>
  until("its ticket", async () => (await stack.store.db.collection("tickets").findOne({ requestId })) ?? undefined, 30_000);
const postReply = (ticketid: unknown, reply: object, headers: Record<string, string> = {}) =>
  rest(stack, "POST", `/v1/tickets/${ticketid}/replies`, { body: JSON.stringify(reply), headers: { "content-type": "application/json", ...headers } });

/** A job that is no command ends as a dead letter. */
async function makeDeadLetter(): Promise<string> {
  const before = new Set((await asJson("dead", "list")).map(({ _id }: { _id: string }) => _id));
  await queue.add("OpenTicket", { v: 1, ticket: "no object" });
  return until("the dead letter", async () => (await asJson("dead", "list")).find(({ _id }: { _id: string }) => !before.has(_id))?._id);
}

describe("status, queue and request", () => {
  it("show what is where, to people and to programs", async () => {
    await postTicket(stack, TICKET);
    expect((await opentickets("status")).out).toMatch(/^tickets +\d+$/m);
    expect(await asJson("status")).toMatchObject({ tickets: expect.any(Number), isClosed: false, queue: { failed: 0 } });
    expect(await asJson("queue", "--seconds", "0")).toMatchObject({ waiting: 0, workers: 1 });
  });

  it("show the whole trace of a request by any of its names", async () => {
    const { body } = await postTicket(stack, TICKET, { prefer: "respond-async" });
    const { body: status } = await rest(stack, "GET", `/v1/requests/${body.requestId}?wait=10`);
    const byRequest = await opentickets("request", "show", String(body.requestId));
    expect(byRequest.out).toMatch(/received +rest as tester from 127.0.0.1/);
    expect(byRequest.out).toMatch(/acknowledged before its outcome +by a receipt/);
    const trace = await asJson("request", "show", String(status.result?.id));
    expect(trace).toMatchObject({ requestId: body.requestId, ticket: { id: status.result?.id } });
    expect((await asJson("request", "show", trace.ticket.tid)).requestId).toBe(body.requestId);
  });

  it("show the trace of a reply, beside its ticket", async () => {
    const { body: ticket } = await postTicket(stack, TICKET);
    const { body } = await postReply(ticket.id, { clientid: 1, message: "more" });
    expect((await opentickets("request", "show", String(body.requestId))).out).toMatch(/reply added +number \d+, to ticket \d+, by client/);
    expect(await asJson("request", "show", String(body.requestId))).toMatchObject({ reply: { replyId: body.replyid }, ticket: { id: ticket.id } });
    expect((await opentickets("request", "show", String(ticket.id))).out).toContain("1 replies");
  });

  it("count replies among what is decided", async () => {
    const { body } = await postTicket(stack, TICKET);
    let isLooking = true;
    const looking = asJson("queue", "--seconds", "2").finally(() => (isLooking = false));
    while (isLooking) await postReply(body.id, { clientid: 1, message: "counted" });
    expect((await looking).decidedPerSecond).toBeGreaterThan(0);
  });

  it("look through nothing for rates or for progress, however much is stored", async () => {
    const { db } = stack.store;
    await db.command({ profile: 2 });
    await opentickets("queue", "--seconds", "0");
    await opentickets("export", join(folder, "looks.ndjson"));
    await db.command({ profile: 0 });
    const looks = await db.collection("system.profile").find({ appName: "opentickets" }).toArray();
    await db.collection("system.profile").drop();
    expect(looks.length).toBeGreaterThan(0);
    expect(looks.filter(({ planSummary, command }) => planSummary === "COLLSCAN" || "aggregate" in command)).toEqual([]);
  });

  it("say that nothing is known of a name", async () => {
    expect(await opentickets("request", "show", "req_unknown")).toMatchObject({ code: 1, err: expect.stringContaining("Nothing is known of req_unknown") });
  });
});

describe("dead letters", () => {
  it("are listed with their cause and shown with their data; the requester is told", async () => {
    const id = await makeDeadLetter();
    const { out } = await opentickets("dead", "show", id);
    expect(out).toMatch(/command_unreadable/);
    expect(out).toContain('"ticket": "no object"');
    expect((await opentickets("dead", "list", "--code", "poison")).out).toContain("No dead letters");
  });

  it("run again, and come back while their cause is there", async () => {
    const id = await makeDeadLetter();
    expect((await opentickets("dead", "replay", id)).out).toContain("1 put into the queue again");
    await until("it to come back", async () => (await asJson("dead", "list")).some(({ _id }: { _id: string }) => _id === id));
  });

  it("are dropped for good, and stay accounted for", async () => {
    const id = await makeDeadLetter();
    expect((await opentickets("dead", "drop", "--all")).code).toBe(0);
    expect(await asJson("dead", "list")).toEqual([]);
    expect((await asJson("request", "show", id)).rejection.errors).toMatchObject([{ code: "dropped" }]);
    expect((await opentickets("audit")).code).toBe(0);
  });

  it("run again whatever their producer has named them, and though a job of that name is still known", async () => {
    const requestId = "order:17";
    await stack.store.db.collection("deadletters").insertOne(aLetter(requestId) as never);
    expect((await opentickets("dead", "replay", requestId)).code).toBe(0);
    const kept = "order-18";
    await queue.add("OpenTicket", { requestId: kept, ticket: TICKET }, { jobId: kept, removeOnComplete: false });
    await until("its job to be done", async () => (await (await queue.getJob(kept))?.getState()) === "completed");
    await stack.store.db.collection("tickets").deleteOne({ _id: kept } as never);
    await stack.store.db.collection("deadletters").insertOne(aLetter(kept) as never);
    expect((await opentickets("dead", "replay", kept)).code).toBe(0);
    for (const name of [requestId, kept]) await ticketOf(name);
    expect((await ticketOf(requestId)).receivedAt).toEqual(new Date(0));
  });

  it("that run again are not lost with Redis: they have a receipt from then on, whatever their names", async () => {
    const names = ["req_again", "4711", "order:19"];
    const ofThem = { _id: { $in: names } } as never;
    await queue.pause();
    await stack.store.db.collection("deadletters").insertMany(names.map(aLetter) as never);
    await opentickets("dead", "replay", ...names);
    expect((await asJson("audit")).differences).toEqual([]);
    await queue.obliterate({ force: true });
    await queue.pause();
    await stack.store.db.collection("receipts").updateMany(ofThem, { $set: { checkAt: new Date(0) } });
    await until("them to be requeued", async () => (await queue.getJobCountByTypes("waiting")) === names.length, 30_000);
    expect((await asJson("audit")).differences).toEqual([]);
    await queue.resume();
    for (const name of names) await ticketOf(name);
  }, 60_000);

  it("that are dropped after their request was sent again leave its ticket alone", async () => {
    const { body } = await postTicket(stack, TICKET, { "idempotency-key": "sent-again" });
    await stack.store.db.collection("deadletters").insertOne(aLetter(String(body.requestId)) as never);
    expect((await asJson("audit")).differences).toMatchObject([{ kind: "dead-but-decided", about: body.requestId }]);
    expect((await opentickets("dead", "drop", String(body.requestId))).code).toBe(0);
    expect((await asJson("audit")).differences).toEqual([]);
    expect((await rest(stack, "GET", `/v1/requests/${body.requestId}`)).body.state).toBe("done");
  });

  it("that were set aside go without the key that is another's by now", async () => {
    const letters = makeMongoDeadLetters(stack.store);
    const key = "changed";
    const requestId = requestIdOfKey("rest", key);
    const aside = (what: string) => `${requestId}~${what.repeat(8)}`;
    for (const [what, ticket] of Object.entries({ a: TICKET, b: "no object", c: { ...TICKET, subject: "c" }, d: { ...TICKET, subject: "d" } })) {
      const dataJson = JSON.stringify({ v: 1, requestId, idempotencyKey: key, source: { channel: "rest" }, ticket });
      await letters.bury({ ...aLetter(requestId), dataJson, fingerprint: what.repeat(64) });
    }
    await opentickets("dead", "drop", aside("a"));
    await letters.removeDecided();
    expect((await asJson("dead", "list")).map(({ _id }: { _id: string }) => _id).toSorted()).toEqual([requestId, aside("b"), aside("c")]);
    await opentickets("dead", "replay", "--all");
    expect(await ticketOf(aside("c"))).toMatchObject({ _id: aside("c"), subject: "c" });
    expect(await ticketOf(requestId)).toMatchObject({ _id: requestId, subject: "d" });
    const unread = await until("the one that is no command to come back", () => letters.find(aside("b")));
    expect(unread.dataJson).not.toContain("idempotencyKey");
    await opentickets("dead", "drop", "--all");
  });

  it("are found by their names and all together, however many there are", async () => {
    const collection = stack.store.db.collection<{ _id: string }>("deadletters");
    const many = Array.from({ length: 10_001 }, (_, index) => ({ ...aLetter(`many-${index}`), code: "many", dataJson: "null", diedAt: new Date(index) }));
    await collection.insertMany(many);
    expect((await opentickets("dead", "drop", "many-10000", "--code", "many")).out).toContain("1 rejected for good");
    expect((await opentickets("dead", "drop", "many-1", "--code", "failed")).code).toBe(1);
    await collection.deleteMany({ _id: { $in: many.slice(10, 9990).map(({ _id }) => _id) } });
    expect((await opentickets("dead", "drop", "--code", "many")).out).toContain("20 rejected for good");
    expect(await collection.countDocuments({ code: "many" } as never)).toBe(0);
  });

  it("whose data was too large to be kept are shown and dropped, and said not to run again beside others that do", async () => {
    const { dataJson: _, ...large } = { ...aLetter("req_large"), lostDataBytes: 20_000_000 };
    await stack.store.db.collection<{ _id: string }>("deadletters").insertMany([large, aLetter("req_small")]);
    expect((await opentickets("dead", "show", "req_large")).out).toMatch(/lostDataBytes +20000000[\s\S]*too large to be kept/);
    const { code, out, err } = await opentickets("dead", "replay", "--all");
    expect([code, out, err]).toEqual([1, expect.stringContaining("1 put into the queue again"), expect.stringContaining("req_large. Have them sent again")]);
    await ticketOf("req_small");
    expect((await opentickets("dead", "drop", "req_large")).code).toBe(0);
  });

  it("are not chosen by accident", async () => {
    expect(await opentickets("dead", "drop")).toMatchObject({ code: 2, err: expect.stringContaining("--all") });
    expect((await opentickets("dead", "replay", "req_unknown")).code).toBe(1);
  });
});

describe("audit", () => {
  it("agrees when everything is accounted for", async () => {
    await postTicket(stack, TICKET);
    const answer = await asJson("audit");
    expect(answer).toMatchObject({ agrees: true, differences: [] });
    expect(answer.accepted).toBe(answer.tickets + answer.replies + answer.rejected + answer.dead + answer.waiting);
  });

  it("counts every message that came in, what became of it and what waits, once", async () => {
    const inbound = stack.store.db.collection<{ _id: string }>("inbound");
    const made = ["occurrence", "occurrence", "ignored"].map((state, n) => ({
      _id: `inb_${n}`,
      requestId: `r${n}`,
      state,
      raw: { sha256: "", size: 0 },
      source: {},
    }));
    await inbound.insertMany(made as never[]);
    const answer = await asJson("audit");
    const { out } = await opentickets("audit");
    await inbound.deleteMany({ _id: { $in: made.map(({ _id }) => _id) } });
    expect(answer.mail).toMatchObject({ occurrence: 2, ignored: 1, waiting: 0 });
    const [head = "", counts = ""] = out.slice(out.indexOf("messages came in")).split("\n");
    expect(head).toContain("+ occurrences");
    const [total, ...parts] = counts.trim().split(/ +/).map(Number);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(total);
    expect(total).toBeGreaterThanOrEqual(3);
  });

  it("names what was accepted and is nowhere", async () => {
    const receipts = stack.store.db.collection<{ _id: string }>("receipts");
    await receipts.insertOne({ _id: "req_lost", acceptedAt: new Date(), checkAt: new Date(Date.now() + 3_600_000), source: { channel: "rest" } } as never);
    const { code, out } = await opentickets("audit");
    await receipts.deleteOne({ _id: "req_lost" });
    expect(code).toBe(1);
    expect(out).toMatch(/lost +req_lost/);
  });

  it("names what has waited for a day, and seems to wait, but where no worker takes it", async () => {
    const [redis, receipts] = [new Redis(stack.redisUrl), stack.store.db.collection<{ _id: string }>("receipts")];
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    const ids = ["req_stranded", "req_patient"];
    for (const _id of ids) {
      await queue.add("OpenTicket", {}, { jobId: _id, delay: 3_600_000 });
      await receipts.insertOne({ _id, acceptedAt: longAgo, checkAt: new Date(Date.now() + 3_600_000), source: { channel: "rest" } } as never);
    }
    await redis.zrem(queue.toKey("delayed"), "req_stranded");
    const { differences } = await asJson("audit");
    await receipts.deleteMany({ _id: { $in: ids } });
    await redis.del(queue.toKey("req_stranded"));
    await queue.remove("req_patient");
    redis.disconnect();
    expect(differences).toEqual([{ kind: "lost", about: "req_stranded", detail: expect.stringContaining("stands in no list of the queue") }]);
  });

  it("names a guard that is gone", async () => {
    const tickets = stack.store.db.collection("tickets");
    await tickets.dropIndex("tid");
    const { code, out } = await opentickets("audit");
    await tickets.createIndex({ tid: 1 }, { name: "tid", unique: true });
    expect([code, out]).toEqual([1, expect.stringMatching(/index-missing +tid/)]);
  });
});

describe("audit of differences made by hand", () => {
  const BLOB = "f".repeat(64);

  it.each<[string, string, (ticket: { _id: string; requestId: string }) => Promise<() => Promise<unknown>>]>([
    ["a ticket that is gone although its request was answered", "lost", async ({ _id }) => swapped(_id, undefined)],
    [
      "a delivery that no relay looks for",
      "owed-but-never-due",
      async ({ _id }) => swapped(_id, { outbox: [{ key: "mail:opener", kind: "mail", attempts: 0 }] }),
    ],
    ["a delivery that nobody has tried for long", "owed-too-long", async ({ _id }) => swapped(_id, { ...OVERDUE })],
    ["a file that is gone", "file-missing", async ({ _id }) => swapped(_id, { attachments: [{ name: "a", contentType: "t", size: 1, sha256: BLOB }] })],
    [
      "two tickets of one request",
      "request-twice",
      async ({ requestId }) => inserted("tickets", { _id: "other", requestId, alias: requestId, id: 10 ** 9, tid: "X-1" }),
    ],
    ["a rejection beside a ticket", "decided-twice", async ({ _id }) => inserted("rejections", { _id, requestId: _id, errors: [] })],
    ["a reply beside a ticket", "decided-twice", async ({ _id }) => inserted("replies", { _id, requestId: _id, replyId: 10 ** 9, outbox: [] })],
  ])("names %s", async (_what, kind, make) => {
    const { body } = await postTicket(stack, TICKET, { prefer: "respond-async" });
    await rest(stack, "GET", `/v1/requests/${body.requestId}?wait=10`);
    const _id = String(body.requestId);
    await until("the receipt to be closed", async () => (await collection("receipts").countDocuments({ _id, decidedAt: { $exists: true } })) > 0);
    await until("its mails", async () => (await collection("tickets").countDocuments({ _id, dueAt: { $exists: false } })) > 0);
    const mend = await make({ _id, requestId: _id });
    const answer = await asJson("audit");
    await mend();
    expect(answer).toMatchObject({ agrees: false, differences: [{ kind, about: _id }] });
    expect((await asJson("audit")).differences).toEqual([]);
  });

  const OVERDUE = { openedAt: new Date(0), dueAt: new Date(0), outbox: [{ key: "mail:opener", kind: "mail", attempts: 0, leased: true }] };
  const collection = (name: string) => stack.store.db.collection<{ _id: string }>(name);

  /** The ticket with other fields, or without any; what comes back puts it right again. */
  async function swapped(_id: string, fields: object | undefined) {
    const before = await collection("tickets").findOne({ _id });
    if (!before) throw new Error("no such ticket");
    if (fields) await collection("tickets").updateOne({ _id }, { $set: fields });
    else await collection("tickets").deleteOne({ _id });
    return () => collection("tickets").replaceOne({ _id }, before, { upsert: true });
  }

  async function inserted(name: string, document: { _id: string } & Record<string, unknown>) {
    await collection(name).insertOne(document);
    return () => collection(name).deleteOne({ _id: document._id });
  }

  it("does not take a request for lost whose caller gave up waiting for its place in the queue", async () => {
    await queue.pause();
    const impatient = makeOpenTicketClient({ redisUrl: stack.redisUrl, prefix: stack.prefix });
    const late = await impatient.openTicket(TICKET, { idempotencyKey: "late", timeoutMs: 300 }).catch((error: ReplyTimeout) => error.requestId);
    const _id = String(late);
    await collection("receipts").insertOne({ _id, acceptedAt: new Date(), checkAt: new Date(Date.now() + 3_600_000), requeued: 0 } as never);
    const answer = await until("the pointer", async () => {
      const found = await asJson("audit");
      return found.agrees ? found : undefined;
    });
    expect(answer.waiting).toBeGreaterThan(0);
    await collection("receipts").deleteOne({ _id });
    await queue.resume();
    await impatient.close();
  });
});

describe("drain", () => {
  it("closes the doors, waits until nothing is under way, and opens them again", async () => {
    expect((await opentickets("drain", "--timeout", "20")).out).toContain("The doors stay closed");
    const refused = await until("the door to be closed", async () => {
      const answer = await postTicket(stack, TICKET);
      return answer.status === 503 ? answer : undefined;
    });
    expect(refused.body.detail).toContain("closed for maintenance");
    await opentickets("drain", "--open");
    await until("the door to open", async () => (await postTicket(stack, TICKET)).status === 201);
  });

  it("closes nothing where it cannot see what is under way", async () => {
    const { code, out } = await opentickets("drain", "--mongodb-url", "mongodb://127.0.0.1:1/nothing?serverSelectionTimeoutMS=200");
    expect([code, out]).toEqual([expect.any(Number), expect.not.stringContaining("The doors stay closed")]);
    expect(code).not.toBe(0);
    expect(await asJson("status")).toMatchObject({ isClosed: false });
  });
});

describe("import, export and credentials", () => {
  it("bring reference data in, or say every fault with its line", async () => {
    const file = join(folder, "clients.csv");
    await writeFile(file, "id,firstname,email\n70,Bob,bob@example.test\nx,Al,nope\n");
    const refused = await opentickets("import", file);
    expect([refused.code, refused.out]).toEqual([1, expect.stringMatching(/clients\.csv +3 /)]);
    await writeFile(file, "id,firstname,email\n70,Bob,bob@example.test\n");
    expect((await opentickets("import", file)).out).toContain("Imported.");
    expect((await opentickets("import", join(folder, "missing.csv"))).err).toContain("cannot be read: ENOENT");
  });

  it("write every ticket as a line of JSON, with its replies", async () => {
    const { body: ticket } = await postTicket(stack, TICKET);
    await postReply(ticket.id, { clientid: 1, message: "exported" });
    const file = join(folder, "tickets.ndjson");
    await opentickets("export", file);
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    expect(lines).toHaveLength(await stack.store.db.collection("tickets").countDocuments());
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ id: expect.any(Number), subject: expect.any(String), replies: [] });
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ id: ticket.id, replies: [{ message: "exported" }] });
  });

  it("say why a file cannot be written", async () => {
    expect(await opentickets("export", join(folder, "missing", "tickets.ndjson"))).toMatchObject({ code: 1, err: expect.stringContaining("ENOENT") });
  });

  it("make a credential that works at once, and turn it off", async () => {
    const { secret } = await asJson("credentials", "add", "billing");
    const billing = { httpUrl: stack.httpUrl, credentials: { identifier: "billing", secret } };
    expect((await postTicket(billing, TICKET)).status).toBe(201);
    expect((await opentickets("credentials", "list")).out).toMatch(/billing +openticket +any/);
    await opentickets("credentials", "disable", "billing");
    await until("the door to follow", async () => (await postTicket(billing, TICKET)).status === 401);
    expect((await opentickets("credentials", "disable", "nobody")).code).toBe(1);
  });

  it("give a credential a new secret, and change nothing else of it that was not given", async () => {
    const limited = { permissions: ["openticket", "getticket"], allowedIps: ["10.0.0.0/8"], admin: "admin", disabled: true };
    const options = ["--permission", "OpenTicket", "getticket", "--allowed-ip", "10.0.0.0/8", "--admin", "admin"];
    expect(await asJson("credentials", "add", "crm", ...options)).toMatchObject({ ...limited, disabled: false, isNew: true });
    await opentickets("credentials", "disable", "crm");
    const before = await stack.store.db.collection("credentials").findOne({ _id: "crm" as never });
    const { out } = await opentickets("credentials", "add", "crm");
    expect(out).toMatch(
      /may +openticket getticket\nfrom +10\.0\.0\.0\/8\nadmin +admin\nstate +disabled\n[\s\S]*still disabled; opentickets credentials enable crm/,
    );
    const after = await stack.store.db.collection("credentials").findOne({ _id: "crm" as never });
    expect(after).toEqual({ ...before, ...limited, secretHash: expect.any(String) });
    expect(after?.secretHash).not.toBe(before?.secretHash);
    expect(await asJson("credentials", "add", "crm", "--permission", "*")).toMatchObject({ ...limited, permissions: ["*"], isNew: false });
    expect(await asJson("credentials", "add", "crm", "--allowed-ip", "any")).toMatchObject({ ...limited, permissions: ["*"], allowedIps: [] });
    expect((await opentickets("credentials", "add", "crm", "--admin", "nobody")).err).toContain("there is no admins nobody");
    expect((await opentickets("credentials", "add", "crm", "--allowed-ip")).code).not.toBe(0);
  });

  it("take no network for a credential that is none: with one each of its calls would get 503", async () => {
    const said = 'allowedIps.1: expected an address or CIDR range such as 192.0.2.0/24 or 2001:db8::/32, got "10.0.0/8"';
    const refused = await opentickets("credentials", "add", "shop", "--allowed-ip", "2001:db8::/32", "10.0.0/8");
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(said) });
    const file = join(folder, "credentials.csv");
    await writeFile(file, "identifier,secret,allowedIps\nshop,a long secret,192.0.2.1;10.0.0/8\n");
    expect(await opentickets("import", file)).toMatchObject({ code: 1, out: expect.stringContaining(said) });
    expect(await stack.store.db.collection("credentials").findOne({ _id: "shop" as never })).toBeNull();
  });

  it("turn a credential on again, with the secret that it got meanwhile", async () => {
    await opentickets("credentials", "add", "pos");
    await opentickets("credentials", "disable", "pos");
    const { secret } = await asJson("credentials", "add", "pos");
    const pos = { httpUrl: stack.httpUrl, credentials: { identifier: "pos", secret } };
    expect((await postTicket(pos, TICKET)).status).toBe(401);
    expect((await opentickets("credentials", "enable", "pos")).out).toContain("pos is enabled");
    await until("the door to follow", async () => (await postTicket(pos, TICKET)).status === 201);
    expect((await opentickets("credentials", "enable", "nobody")).code).toBe(1);
  });
});

describe("erase", () => {
  const PERSON = { id: 80, firstname: "Eve", email: "eve.unique@example.test" };

  it("says whom it is about, and then leaves no trace of them in either database", async () => {
    await writeFile(join(folder, "clients.json"), JSON.stringify([PERSON]));
    await opentickets("import", join(folder, "clients.json"));
    const attachments = [{ name: "shared.txt", data: Buffer.from("a file that two tickets hold").toString("base64") }];
    const { body: own } = await postTicket(stack, { ...TICKET, clientid: PERSON.id, attachments });
    const { body: other } = await postTicket(stack, { ...TICKET, attachments });
    await postReply(own.id, { adminusername: "admin", message: "To eve.unique" });
    await postReply(other.id, { clientid: PERSON.id, message: "From eve.unique" });
    await postReply(other.id, { clientid: 1, message: "stays" });
    await queue.pause();
    await postReply(own.id, { adminusername: "admin", message: "Waits for eve.unique" }, { prefer: "respond-async" });
    await postTicket(stack, { ...TICKET, clientid: PERSON.id, subject: "waits" }, { prefer: "respond-async" });
    await queue.add("OpenTicket", { ticket: { deptid: 1, name: "Eve", email: PERSON.email.toUpperCase(), subject: "s", message: "m" } });

    expect((await opentickets("erase", "--client", "80")).out).toContain("Nothing was erased");
    expect((await opentickets("erase", "--client", "80", "--yes", "--data-dir", stack.dataDir)).code).toBe(0);
    await queue.resume();

    expect(await everythingStored()).not.toMatch(/eve\.unique/i);
    expect(await stack.store.db.collection("tickets").countDocuments({ "opener.clientid": 80 })).toBe(0);
    expect((await rest(stack, "GET", `/v1/tickets/${other.id}`)).body).toMatchObject({ replyCount: 1, replies: [{ message: "stays" }] });
    const file = await fetch(`${stack.httpUrl}/v1/tickets/${other.id}/attachments/0`, {
      headers: { authorization: `Basic ${btoa(`${stack.credentials.identifier}:${stack.credentials.secret}`)}` },
    });
    expect(await file.text()).toBe("a file that two tickets hold");
    expect((await opentickets("erase", "--client", "80", "--yes")).code).toBe(1);
  });

  it("leaves what is of somebody else with the same address: a user for another client, and a guest who may be either", async () => {
    const shared = "both.unique@example.test";
    await writeFile(join(folder, "clients.json"), JSON.stringify([82, 83].map((id) => ({ ...PERSON, id, email: id === 82 ? shared : "only83@example.test" }))));
    await opentickets("import", join(folder, "clients.json"));
    await writeFile(join(folder, "users.json"), JSON.stringify([{ id: 820, firstname: "Both", email: shared.toUpperCase(), clientids: [82, 83] }]));
    await opentickets("import", join(folder, "users.json"));
    const ticket = (whose: object) => postTicket(stack, { deptid: 1, subject: "shared", message: "m", ...whose });
    const theirs = await ticket({ clientid: 82 });
    const kept = [await ticket({ clientid: 83, userid: 820 }), await ticket({ name: "Both", email: shared })];
    const { body: other } = await postTicket(stack, TICKET);
    await postReply(other.id, { clientid: 83, userid: 820, message: "for 83" });
    await queue.pause();
    await postTicket(stack, { ...TICKET, clientid: 83, userid: 820 }, { prefer: "respond-async" });

    expect((await opentickets("erase", "--client", "82")).out).toMatch(/addresses of others as well, which stay +both\.unique@example\.test/);
    expect(await asJson("erase", "--client", "82", "--yes")).toMatchObject({ tickets: 1, replies: 0, jobs: 0 });
    await queue.resume();
    expect((await rest(stack, "GET", `/v1/tickets/${theirs.body.id}`)).status).toBe(404);
    for (const { body } of kept) expect((await rest(stack, "GET", `/v1/tickets/${body.id}`)).status).toBe(200);
    expect((await rest(stack, "GET", `/v1/tickets/${other.id}`)).body).toMatchObject({ replyCount: 1 });
  });

  it("leaves other requesters their answers, and when it was broken off there is made again", async () => {
    const redis = new Redis(stack.redisUrl);
    const crm = new Queue("crm-replies", { connection: { url: stack.redisUrl }, prefix: stack.prefix });
    await writeFile(join(folder, "clients.json"), JSON.stringify([{ ...PERSON, id: 81 }]));
    await opentickets("import", join(folder, "clients.json"));
    await queue.add("OpenTicket", { v: 1, requestId: "crm-81", ticket: { ...TICKET, clientid: 81 }, replyTo: { queue: crm.name } });
    const [reply] = await until("the reply", async () => (await crm.getWaitingCount()) > 0 && (await crm.getJobs(["wait"])));
    const results = [...(reply?.data.results ?? []), { requestId: "another", result: "error", message: "m", errors: [] }];
    await crm.add(REPLY_JOB, { v: 1, results }, { jobId: `reply_${"0".repeat(32)}` });
    await crm.add("sync", { results: null });
    await redis.set(crm.toKey("failed"), "no list of jobs");
    expect((await opentickets("erase", "--client", "81", "--yes")).code).not.toBe(0);
    await redis.del(crm.toKey("failed"));
    expect(await asJson("erase", "--client", "81", "--yes")).toMatchObject({ answers: 2, tickets: 1, isErased: true });
    expect((await crm.getJobs(["wait"], 0, -1, true)).map(({ data }) => data)).toEqual([{ v: 1, results: results.slice(1) }, { results: null }]);
    await crm.close();
    redis.disconnect();
  });

  it("leaves the rows by which it is made again while a request is in work, or a mail of whoever it may be is not decided", async () => {
    const redis = new Redis(stack.redisUrl);
    await writeFile(join(folder, "clients.json"), JSON.stringify([{ ...PERSON, id: 82 }]));
    await opentickets("import", join(folder, "clients.json"));
    const messages = stack.store.db.collection<InboundRecord>("inbound");
    const stored = (name: string, receivedAt: Date): InboundRecord => ({
      ...{ _id: `inb_${name}`, requestId: `req_${name}`, mailbox: "support@example.test", source: { door: "imap", envelopeTo: [] } },
      ...{ raw: { sha256: "0".repeat(64), size: 1 }, receivedAt, state: "stored", trace: [], repetitions: 0, checkAt: new Date("2100-01-01") },
    });
    await messages.insertMany([stored("before", new Date()), stored("later", new Date("2100-01-01"))]);

    const first = await opentickets("erase", "--client", "82", "--yes");
    expect(first.err).toMatch(/1 messages that came in before are not decided[\s\S]*run it again/);
    expect(await asJson("erase", "--client", "82", "--yes")).toMatchObject({ referenceRows: 0, stillUndecided: 1, isErased: false });

    const summary = { from: PERSON.email, subject: "s", kind: "ticket" };
    await makeMongoInbound(stack.store, { now: () => new Date() }).decide("inb_before", { state: "refused", trace: [], summary });
    await redis.hset(queue.toKey("in-work"), { name: "OpenTicket", data: JSON.stringify({ ticket: { clientid: 82 } }), opts: "{}", timestamp: 0 });
    await redis.lpush(queue.toKey("active"), "in-work");
    expect(await asJson("erase", "--client", "82", "--yes")).toMatchObject({ inbound: 1, referenceRows: 0, stillActive: 1, isErased: false });

    await redis.del(queue.toKey("in-work"));
    await redis.lrem(queue.toKey("active"), 0, "in-work");
    expect(await asJson("erase", "--client", "82", "--yes")).toMatchObject({ referenceRows: 1, stillActive: 0, stillUndecided: 0, isErased: true });
    await messages.deleteMany({ _id: { $in: ["inb_before", "inb_later"] } });
    redis.disconnect();
  });
});

describe("wrong usage", () => {
  it.each([[[]], [["stats"]], [["dead"]], [["audit", "--verbose"]], [["erase"]]])("%j is exit code 2 and says what is right", async (args) => {
    const { code, err } = await opentickets(...args);
    expect(code).toBe(2);
    expect(err).toContain("--help");
  });

  it("help teaches by example, and there is a script for the shell", async () => {
    expect((await opentickets("dead", "replay", "--help")).out).toContain("--code failed");
    expect((await opentickets("--help")).out).toContain("completion");
  });
});

/** All documents of all collections, and all that Redis holds for this stack, as one text. */
async function everythingStored(): Promise<string> {
  const parts: string[] = [];
  for (const { name } of await stack.store.db.listCollections().toArray()) parts.push(JSON.stringify(await stack.store.db.collection(name).find().toArray()));
  const redis = new Redis(stack.redisUrl);
  for (const key of await redis.keys(`${stack.prefix}:*`)) parts.push(key, String(await redis.dump(key)));
  redis.disconnect();
  return parts.join("\n");
}
