import { erasePerson, type InboundOutcome, importReferenceData, makeMongoInbound } from "@openticket/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getTicket } from "../support/api-php.ts";
import { postTicket, rest } from "../support/rest.ts";
import { type Stack, startStack } from "../support/stack.ts";

let stack: Stack;
const ids = ["1", "2", "3"].map((digit) => `inb_${digit.repeat(32)}`);
beforeAll(async () => {
  stack = await startStack();
  const inbound = makeMongoInbound(stack.store, { now: () => new Date("2026-01-01T12:10:00Z") });
  for (const [minute, _id] of ids.entries()) {
    await inbound.accept({
      _id,
      requestId: _id.replace("inb", "req"),
      mailbox: minute === 2 ? "sales@example.test" : "support@example.test",
      source: { door: "smtp", envelopeFrom: "a@b.test", envelopeTo: ["support+1@example.test"], ip: "192.0.2.1" },
      raw: { sha256: "0".repeat(64), size: 10 },
      writtenAt: new Date("2026-01-01T11:59:00Z"),
      receivedAt: new Date(Date.UTC(2026, 0, 1, 12, minute)),
      state: "stored",
      trace: [],
      repetitions: 0,
    });
  }
  const outcome: InboundOutcome = {
    state: "ignored",
    reason: { code: "loop", text: "our own mail" },
    trace: [{ rule: "loops", answer: "our own", because: "X-OpenTicket-Loop" }],
    summary: { from: "a@b.test", subject: "s", kind: "auto-reply" },
  };
  await inbound.decide(ids[0] ?? "", outcome);
});
afterAll(() => stack.stop());

const shown = (body: Record<string, unknown>) => (body.inbound as { id: string }[]).map(({ id }) => id);

describe("GET /v1/inbound", () => {
  it("shows what became of a message, and why", async () => {
    const { status, body } = await rest(stack, "GET", `/v1/inbound/${ids[0]}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: ids[0],
      state: "ignored",
      reason: { code: "loop" },
      trace: [{ rule: "loops" }],
      raw: { sha256: "0".repeat(64), size: 10 },
      source: { door: "smtp", ip: "192.0.2.1" },
      writtenAt: "2026-01-01T11:59:00.000Z",
      receivedAt: "2026-01-01T12:00:00.000Z",
      decidedAt: "2026-01-01T12:10:00.000Z",
    });
    expect(body).not.toHaveProperty("_id");
  });

  it("lists them newest first, by mailbox and state, page by page", async () => {
    const first = await rest(stack, "GET", "/v1/inbound?limit=2");
    expect([shown(first.body), first.body.next]).toEqual([[ids[2], ids[1]], ids[1]]);
    expect(shown((await rest(stack, "GET", `/v1/inbound?limit=2&after=${first.body.next}`)).body)).toEqual([ids[0]]);
    expect(shown((await rest(stack, "GET", "/v1/inbound?mailbox=Support%40example.test&state=stored")).body)).toEqual([ids[1]]);
    expect(shown((await rest(stack, "GET", "/v1/inbound?source=shop")).body)).toEqual([]);
  });

  it.each([
    ["/v1/inbound/inb_nobody", 404, /no message inb_nobody/],
    ["/v1/inbound?state=lost", 400, /state must be one of stored, ticket/],
    ["/v1/inbound?limit=1000", 400, /limit must be a whole number from 1 to 500/],
    ["/v1/inbound?limit=1&limit=2", 400, /limit/],
  ])("%s: %i", async (path, status, said) => {
    const answer = await rest(stack, "GET", path);
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(said)]);
  });

  it("wants the permission getinbound", async () => {
    const rows = [
      { identifier: "opener", secret: "another secret" },
      { identifier: "reader", secret: "another secret", permissions: ["getinbound"] },
    ];
    await importReferenceData(stack.store, [{ name: "credentials.json", text: JSON.stringify(rows) }]);
    const statusFor = async (identifier: string) =>
      (await rest({ httpUrl: stack.httpUrl, credentials: { identifier, secret: "another secret" } }, "GET", "/v1/inbound")).status;
    expect([await statusFor("opener"), await statusFor("reader"), await statusFor("nobody")]).toEqual([403, 200, 401]);
  });

  it("stands in the OpenAPI document", async () => {
    const { body } = await rest(stack, "GET", "/openapi.json");
    expect(Object.keys(body.paths as object)).toEqual(expect.arrayContaining(["/v1/inbound", "/v1/inbound/{id}"]));
  });
});

it("a ticket shows the message that it was made of", async () => {
  const { body } = await postTicket(stack, { deptid: 1, clientid: 1, subject: "s", message: "m" });
  await stack.store.db.collection("tickets").updateOne({ id: body.id }, { $set: { "source.inboundId": ids[0] } });
  expect(await getTicket(stack, body.id)).toMatchObject({ source: { inboundId: ids[0] } });
});

it("a message of an erased person is shown without anything of them", async () => {
  await erasePerson(stack.store, { clientid: 999, emails: ["a@b.test"], userids: [], contactids: [], ticketids: [] });
  const { status, body } = await rest(stack, "GET", `/v1/inbound/${ids[1]}`);
  expect([status, body]).toMatchObject([200, { state: "ignored", reason: { code: "erased" }, source: { door: "smtp", envelopeTo: [] }, trace: [] }]);
  expect(JSON.stringify(body)).not.toContain("b.test");
  expect(shown((await rest(stack, "GET", "/v1/inbound?state=ignored")).body)).toEqual(ids.toReversed());
});
