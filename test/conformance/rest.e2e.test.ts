import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addCredential } from "../support/credentials.ts";
import { postTicket, rest } from "../support/rest.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { until } from "../support/until.ts";

const TICKET = { deptid: 1, clientid: 1, subject: "Printer on fire", message: "It **burns**.", markdown: true };
const NOBODY = { authorization: "" };

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const tickets = (filter: object) => stack.store.db.collection("tickets").countDocuments(filter);

describe("POST /v1/tickets", () => {
  it("opens a ticket from JSON and says where it is", async () => {
    const { status, headers, body } = await postTicket(stack, TICKET);
    expect(status).toBe(201);
    expect(body).toEqual({
      requestId: expect.stringMatching(/^req_/),
      id: expect.any(Number),
      tid: expect.any(String),
      c: expect.stringMatching(/^[A-Za-z0-9]{12}$/),
    });
    const shown = await rest(stack, "GET", headers.get("location") ?? "");
    expect(shown.body).toMatchObject({ id: body.id, tid: body.tid, subject: TICKET.subject, message: TICKET.message, source: { channel: "rest" } });
  });

  it("opens a ticket from a form with files, which can be fetched again as they came", async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(TICKET)) form.append(name, String(value));
    form.append("attachments[]", new Blob(["hello"], { type: "text/plain" }), "note.txt");
    const { status, body } = await rest(stack, "POST", "/v1/tickets", { body: form });
    expect(status).toBe(201);
    const file = await fetch(`${stack.httpUrl}/v1/tickets/${body.id}/attachments/0`, { headers: { authorization: basic() } });
    expect(await file.text()).toBe("hello");
    expect(file.headers.get("content-disposition")).toContain("note.txt");
    expect((await rest(stack, "GET", `/v1/tickets/${body.id}/attachments/1`)).status).toBe(404);
  });

  it("answers a wrong ticket with every error at once, the documented one first", async () => {
    const { status, headers, body } = await postTicket(stack, { deptid: 99, clientid: 99, subject: "", message: "" });
    expect(status).toBe(422);
    expect(headers.get("content-type")).toContain("application/problem+json");
    expect(body.detail).toBe("Client ID Not Found");
    expect(body.errors?.map(({ message }) => message)).toEqual([
      "Client ID Not Found",
      "Department ID not found",
      "Subject is required",
      "Message is required",
    ]);
  });

  it.each<[string, number, RequestInit]>([
    ["no credentials", 401, { headers: NOBODY }],
    ["wrong credentials", 401, { headers: { authorization: `Basic ${btoa("tester:wrong")}` } }],
    ["a body that is no JSON", 400, { headers: { "content-type": "application/json" }, body: "{" }],
    ["a body of a type that is not read", 415, { headers: { "content-type": "text/csv" }, body: "a,b" }],
  ])("%s: %i with a problem document", async (_what, expected, init) => {
    const { status, headers, body } = await rest(stack, "POST", "/v1/tickets", { body: JSON.stringify(TICKET), ...init });
    expect(status).toBe(expected);
    expect(headers.get("content-type")).toContain("application/problem+json");
    expect(body).toMatchObject({ status: expected, title: expect.any(String), detail: expect.any(String) });
  });

  it("a path that is not served is a problem document too", async () => {
    expect((await rest(stack, "GET", "/v2/nothing")).body.detail).toContain("/docs");
    const wrongEscape = await rest(stack, "GET", "/v1/tickets/%ff%zz");
    expect(wrongEscape).toMatchObject({ status: 400, body: { status: 400, detail: expect.any(String) } });
    expect(wrongEscape.body).not.toHaveProperty("error");
  });

  it.each([
    ["DELETE", "/v1/tickets/1", "GET, HEAD"],
    ["GET", "/v1/tickets", "POST"],
    ["PUT", "/v1/tickets/1/replies/", "POST"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ])("%s %s is answered with the methods that are served there", async (method, path, allow) => {
    const { status, headers, body } = await rest(stack, method, path);
    expect([status, headers.get("allow"), body.detail]).toEqual([405, allow, expect.stringContaining(`use ${allow}`)]);
  });
});

describe("idempotency", () => {
  it("the same key and content give the same ticket, marked as a replay", async () => {
    const headers = { "idempotency-key": "same" };
    const first = await postTicket(stack, TICKET, headers);
    const second = await postTicket(stack, TICKET, headers);
    expect(second.status).toBe(200);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(second.body).toEqual({ ...first.body, replayed: true });
  });

  it("the same key and other content are a conflict, at once and later", async () => {
    const headers = { "idempotency-key": "other" };
    await postTicket(stack, TICKET, headers);
    for (const more of [{}, { prefer: "respond-async" }]) {
      const { status, body } = await postTicket(stack, { ...TICKET, subject: "Something else" }, { ...headers, ...more });
      expect([status, body.errors?.[0]?.code]).toEqual([422, "idempotency_key_reused"]);
    }
  });

  it("many callers with one key at the same moment get one ticket", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => postTicket(stack, { ...TICKET, subject: "At once" }, { "idempotency-key": "at-once" })));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await tickets({ subject: "At once" })).toBe(1);
  });

  it("a rejection is given again too", async () => {
    const wrong = { ...TICKET, deptid: 99 };
    const first = await postTicket(stack, wrong, { "idempotency-key": "rejected" });
    const second = await postTicket(stack, wrong, { "idempotency-key": "rejected" });
    expect([second.status, second.body.errors]).toEqual([first.status, first.body.errors]);
  });
});

describe("answers before the outcome is known", () => {
  const ASYNC = { prefer: "respond-async" };

  it("202 with a place where the outcome can be waited for", async () => {
    const { status, headers, body } = await postTicket(stack, TICKET, ASYNC);
    expect([status, body.state, headers.get("preference-applied")]).toEqual([202, "queued", "respond-async"]);
    const outcome = await rest(stack, "GET", `${headers.get("location")}?wait=10`);
    expect(outcome.body).toMatchObject({ state: "done", result: { result: "success", id: expect.any(Number) } });
  });

  it("a rejection is found there with all its errors", async () => {
    const { headers } = await postTicket(stack, { ...TICKET, deptid: 99, subject: "" }, ASYNC);
    const { body } = await rest(stack, "GET", `${headers.get("location")}?wait=10`);
    expect(body.state).toBe("rejected");
    expect(body.errors?.map(({ code }) => code)).toEqual(["department_not_found", "subject_required"]);
  });

  it("the outcome can be asked for by the idempotency key", async () => {
    await postTicket(stack, TICKET, { ...ASYNC, "idempotency-key": "ask me" });
    const { body } = await rest(stack, "GET", "/v1/requests?idempotencyKey=ask%20me&wait=10");
    expect(body.state).toBe("done");
  });

  it("the command is in MongoDB when the caller hears of it, and dropped with the outcome", async () => {
    const { body } = await postTicket(stack, TICKET, ASYNC);
    const receipts = stack.store.db.collection<{ _id: string }>("receipts");
    expect(await receipts.findOne({ _id: body.requestId ?? "" })).toMatchObject({ source: { channel: "rest" } });
    const closed = await until("the receipt to be closed", () =>
      receipts.findOne({ _id: body.requestId ?? "", decidedAt: { $exists: true } }).then((found) => found ?? undefined),
    );
    expect(closed).not.toHaveProperty("commandJson");
  });

  it.each([
    ["a request that nobody made", "/v1/requests/req_nobody", 404],
    ["a wait that is no number", "/v1/requests/req_x?wait=long", 400],
    ["no key to ask for", "/v1/requests", 400],
  ])("%s", async (_what, path, expected) => {
    expect((await rest(stack, "GET", path)).status).toBe(expected);
  });
});

describe("what a credential may see", () => {
  it("neither tickets nor requests of another one", async () => {
    const { body, headers } = await postTicket(stack, TICKET, { prefer: "respond-async" });
    await rest(stack, "GET", `${headers.get("location")}?wait=10`);
    const credentials = await addCredential(stack, "stranger", ["openticket"]);
    const other = { httpUrl: stack.httpUrl, credentials };
    expect((await rest(other, "GET", `/v1/requests/${body.requestId}`)).status).toBe(404);
    const own = await postTicket(stack, TICKET);
    expect((await rest(other, "GET", `/v1/tickets/${own.body.id}`)).status).toBe(404);
  });

  it("a permission that is missing is said", async () => {
    const credentials = await addCredential(stack, "reader", ["getticket"]);
    const reader = { httpUrl: stack.httpUrl, credentials };
    expect((await postTicket(reader, TICKET)).status).toBe(403);
    const { body } = await postTicket(stack, TICKET);
    expect((await rest(reader, "GET", `/v1/tickets/${body.id}`)).status).toBe(200);
  });
});

describe("what else is served", () => {
  it("an OpenAPI 3.1 document that knows every route, a page for people, health, metrics", async () => {
    const { body } = await rest(stack, "GET", "/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    expect(Object.keys(body.paths as object)).toEqual(expect.arrayContaining(["/v1/tickets", "/v1/tickets/{id}", "/v1/requests/{requestId}", "/v1/requests"]));
    expect((await rest(stack, "GET", "/docs")).status).toBeLessThan(400);
    expect((await rest(stack, "GET", "/healthz")).status).toBe(200);
    expect((await rest(stack, "GET", "/readyz")).body).toMatchObject({ isReady: true, checks: { mongodb: "ok", redis: "ok" } });
    const metrics = await (await fetch(`${stack.httpUrl}/metrics`)).text();
    expect(metrics).toContain("openticket_http_request_seconds");
  });
});

describe("the OpenAPI document", () => {
  it("refers to nothing that it does not hold", async () => {
    const { body } = await rest(stack, "GET", "/openapi.json");
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path);
    expect(references.length).toBeGreaterThan(20);
    const missing = references.filter((path) => path.split("/").reduce<unknown>((at, name) => Object(at)[name], body) === undefined);
    expect(missing).toEqual([]);
  });

  it("its page is not asked for by https, which the door does not speak", async () => {
    const { headers } = await rest(stack, "GET", "/docs");
    expect(headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(headers.get("content-security-policy")).not.toContain("upgrade-insecure-requests");
  });
});

function basic(): string {
  return `Basic ${btoa(`${stack.credentials.identifier}:${stack.credentials.secret}`)}`;
}
