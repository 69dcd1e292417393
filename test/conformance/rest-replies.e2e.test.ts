import { makeOpenTicketClient, type OpenTicketClient } from "@openticket/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { authorization, getTicket } from "../support/api-php.ts";
import { addCredential } from "../support/credentials.ts";
import { postTicket, rest } from "../support/rest.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { until } from "../support/until.ts";

// Replies through REST and the Node client, and what became of such requests.

let stack: Stack;
let client: OpenTicketClient;
let ticketid: number;
beforeAll(async () => {
  stack = await startStack();
  client = makeOpenTicketClient({ redisUrl: stack.redisUrl, prefix: stack.prefix, source: "tests" });
});
beforeEach(async () => {
  ticketid = (await postTicket(stack, { deptid: 1, clientid: 1, subject: "s", message: "m", noemail: true })).body.id ?? 0;
});
afterAll(async () => {
  await client?.close();
  await stack?.stop();
});

const REPLY = { clientid: 1, message: "It **still** burns.", markdown: true };
const post = (reply: unknown, headers: Record<string, string> = {}, id: unknown = ticketid) =>
  rest(stack, "POST", `/v1/tickets/${id}/replies`, { body: JSON.stringify(reply), headers: { "content-type": "application/json", ...headers } });

describe("POST /v1/tickets/{id}/replies", () => {
  it("adds a reply from JSON; the ticket shows it", async () => {
    const { status, headers, body } = await post(REPLY);
    expect([status, headers.get("location"), headers.get("x-request-id")]).toEqual([201, `/v1/tickets/${ticketid}`, body.requestId]);
    expect(body).toEqual({ requestId: expect.stringMatching(/^req_/), ticketid, replyid: expect.any(Number) });
    const ticket = await getTicket(stack, ticketid);
    expect(ticket).toMatchObject({ status: "Customer-Reply", replyCount: 1, subject: "s", opener: { name: "Ada Lovelace" } });
    expect(ticket.replies).toMatchObject([{ replyId: body.replyid, message: REPLY.message, markdown: true, source: { channel: "rest" } }]);
    expect(ticket.replies[0]).not.toHaveProperty("_id");
  });

  it("adds one from a form with files, which can be fetched again as they came", async () => {
    const form = new FormData();
    form.append("message", "with a file");
    form.append("adminusername", "admin");
    form.append("attachments[]", new Blob(["hello"], { type: "text/plain" }), "note.txt");
    const { status, body } = await rest(stack, "POST", `/v1/tickets/${ticketid}/replies`, { body: form });
    expect(status).toBe(201);
    const [reply] = (await getTicket(stack, ticketid)).replies;
    expect(reply?.attachments).toMatchObject([{ name: "note.txt", size: 5, sha256: expect.stringMatching(/^2cf24dba/) }]);
    const path = `${stack.httpUrl}/v1/tickets/${ticketid}/replies/${body.replyid}/attachments`;
    expect(await (await fetch(`${path}/0`, { headers: authorization(stack) })).text()).toBe("hello");
    expect((await fetch(`${path}/1`, { headers: authorization(stack) })).status).toBe(404);
    const other = `${stack.httpUrl}/v1/tickets/${ticketid - 1}/replies/${body.replyid}/attachments/0`;
    expect((await fetch(other, { headers: authorization(stack) })).status).toBe(404);
  });

  it("the ticket is the one of the path, whatever the body says", async () => {
    expect((await post({ ...REPLY, ticketid: 999_999 })).body.ticketid).toBe(ticketid);
  });

  it.each<[string, number, unknown, object]>([
    ["a ticket that does not exist", 404, 999_999, {}],
    ["a ticket without a number", 404, "abc", {}],
    ["a wrong reply", 422, undefined, { message: "", status: "Lost" }],
  ])("%s: %i with a problem document", async (_what, expected, id, more) => {
    const { status, headers, body } = await post({ ...REPLY, ...more }, {}, id ?? ticketid);
    expect([status, headers.get("content-type")]).toEqual([expected, expect.stringContaining("application/problem+json")]);
    expect(body.errors?.map(({ code }) => code)).toEqual(expected === 404 ? ["ticket_not_found"] : ["message_required", "status_invalid"]);
  });

  it("a credential without the permission: 403", async () => {
    const credentials = await addCredential(stack, "opens-only", ["openticket"]);
    const { status } = await rest({ httpUrl: stack.httpUrl, credentials }, "POST", `/v1/tickets/${ticketid}/replies`, { body: "{}" });
    expect(status).toBe(403);
  });

  it("the same key again: the same reply, marked; with other content, or for a ticket, a conflict", async () => {
    const headers = { "idempotency-key": `key-${ticketid}` };
    const [first, second] = [await post(REPLY, headers), await post(REPLY, headers)];
    expect([second.status, second.headers.get("idempotency-replayed"), second.body]).toEqual([200, "true", { ...first.body, replayed: true }]);
    for (const more of [{}, { prefer: "respond-async" }]) {
      const { status, body } = await post({ ...REPLY, message: "other" }, { ...headers, ...more });
      expect([status, body.errors?.[0]?.code]).toEqual([422, "idempotency_key_reused"]);
      const asTicket = await postTicket(stack, { deptid: 1, clientid: 1, subject: "s", message: "m" }, { ...headers, ...more });
      expect([asTicket.status, asTicket.body.errors?.[0]?.code]).toEqual([422, "idempotency_key_reused"]);
    }
  });

  it("many callers with one key at the same moment add one reply", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(REPLY, { "idempotency-key": `at-once-${ticketid}` })));
    expect(new Set(answers.map(({ body }) => body.replyid)).size).toBe(1);
    expect(await getTicket(stack, ticketid)).toMatchObject({ replyCount: 1, replies: { length: 1 } });
  });

  it("202 with a place where the outcome can be waited for: done, or rejected with all errors", async () => {
    const headers = { prefer: "respond-async" };
    const accepted = await post(REPLY, headers);
    expect([accepted.status, accepted.body.state]).toEqual([202, "queued"]);
    const done = await rest(stack, "GET", `${accepted.headers.get("location")}?wait=10`);
    expect(done.body).toMatchObject({ state: "done", result: { result: "success", ticketid, replyid: expect.any(Number) } });
    const wrong = await post({ ...REPLY, message: "" }, headers);
    const rejected = await rest(stack, "GET", `${wrong.headers.get("location")}?wait=10`);
    expect(rejected.body).toMatchObject({ state: "rejected", errors: [{ code: "message_required" }] });
  });
});

describe("the Node client", () => {
  it("adds a reply, and tells later what became of it", async () => {
    const result = await client.addTicketReply({ ticketid, ...REPLY }, { correlationId: "mine" });
    expect(result).toMatchObject({ result: "success", ticketid, replyid: expect.any(Number), correlationId: "mine" });
    const status = await until("the job's end", async () => {
      const found = await client.status(result.requestId);
      return found.state === "working" ? undefined : found;
    });
    expect(status).toMatchObject({ state: "done", result: { ticketid, replyid: result.result === "success" && result.replyid } });
  });

  it("a rejection is a result", async () => {
    expect(await client.addTicketReply({ ticketid, clientid: 1 })).toMatchObject({ result: "error", message: "Message is required" });
  });

  it("localAPI answers as the reference does", async () => {
    expect(await client.localAPI("addticketreply", { ticketid, message: "m", adminusername: "admin" }, "admin")).toEqual({ result: "success" });
    expect(await client.localAPI("AddTicketReply", { ticketid: 0 })).toEqual({ result: "error", message: "Ticket ID not found" });
    expect((await getTicket(stack, ticketid)).status).toBe("Answered");
  });
});

it("the OpenAPI document knows the routes of replies", async () => {
  const { body } = await rest(stack, "GET", "/openapi.json");
  expect(Object.keys(body.paths as object)).toEqual(
    expect.arrayContaining(["/v1/tickets/{id}/replies", "/v1/tickets/{id}/replies/{replyId}/attachments/{index}"]),
  );
});
