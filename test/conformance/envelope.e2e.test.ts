import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { importReferenceData } from "@openticket/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi, callJson, type Fields, GUEST, httpBuildQuery, readJson } from "../support/api-php.ts";
import { type Stack, startStack } from "../support/stack.ts";

// The envelope of the classic call, item by item of the wire facts.

const md5 = (text: string) => createHash("md5").update(text).digest("hex");
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  const outcome = await importReferenceData(stack.store, [
    {
      name: "more.json",
      text: JSON.stringify({
        admins: [
          { username: "caller", firstname: "Call", email: "caller@example.test", password: "pass word" },
          { username: "disabled", firstname: "Dis", email: "dis@example.test", password: "pw", disabled: true },
          { username: "noapi", firstname: "No", email: "no@example.test", password: "pw", apiAccess: false },
          { username: "limited", firstname: "Lim", email: "lim@example.test", password: "pw", permissions: ["GetTicket"] },
        ],
        credentials: [
          { identifier: "full", secret: "full-secret", admin: "caller" },
          { identifier: "reader", secret: "reader-secret", permissions: ["GetTicket"] },
          { identifier: "elsewhere", secret: "elsewhere-secret", allowedIps: ["203.0.113.0/24"] },
          { identifier: "of-disabled", secret: "of-disabled-secret", admin: "disabled" },
          { identifier: "of-noapi", secret: "of-noapi-secret", admin: "noapi" },
          { identifier: "off", secret: "off-secret-1", disabled: true },
        ],
      }),
    },
  ]);
  expect(outcome.kind).toBe("imported");
});
afterAll(() => stack?.stop());

const bare = (fields: Fields, init: RequestInit & { path?: string } = {}) => {
  const { path = "/includes/api.php", ...rest } = init;
  return fetch(`${stack.httpUrl}${path}`, {
    method: "POST",
    body: httpBuildQuery(fields),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    ...rest,
  });
};

/** Sends these bytes alone, and gives back everything that comes until the door closes the connection. */
function sendText(bytes: string): Promise<string> {
  const { hostname, port } = new URL(stack.httpUrl);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return readText(socket);
}

describe("where the call is served", () => {
  it.each(["/includes/api.php", "//includes/api.php", "/whmcs/includes/api.php", "/a/b//includes/api.php", "/includes//api.php", "/whmcs/includes/api.php/"])(
    "%s",
    async (path) => {
      expect(await callJson(stack, GUEST, { path })).toMatchObject({ status: 200, result: "success" });
    },
  );

  it("query and body are merged, and the body wins", async () => {
    const path = `/includes/api.php?${httpBuildQuery({ subject: "from the query", message: "from the query", action: "OpenTicket", responsetype: "json" })}`;
    const { deptid, name, email } = GUEST;
    const response = await bare({ ...stack.credentials, subject: "from the body", deptid: deptid ?? "", name: name ?? "", email: email ?? "" }, { path });
    const { id } = await readJson(response);
    const stored = await stack.store.db.collection("tickets").findOne({ id });
    expect(stored).toMatchObject({ subject: "from the body", message: "from the query" });
  });

  it("everything in the query of a POST with an empty body", async () => {
    const path = `/includes/api.php?${httpBuildQuery({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...GUEST })}`;
    const response = await fetch(`${stack.httpUrl}${path}`, { method: "POST" });
    expect(await response.json()).toMatchObject({ result: "success" });
  });

  it("a question mark in the query, which nobody has to escape", async () => {
    const fields = httpBuildQuery({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...GUEST, message: "Is it down? Why?" });
    const path = `/includes/api.php?${fields.replaceAll("%3F", "?")}&subject=Down?&priority=High`;
    const { id } = await readJson(await fetch(`${stack.httpUrl}${path}`, { method: "POST" }));
    const stored = await stack.store.db.collection("tickets").findOne({ id });
    expect(stored).toMatchObject({ message: "Is it down? Why?", subject: "Down?", priority: "High" });
  });

  it("a ticket of many kilobytes in the query", async () => {
    const path = `/includes/api.php?${httpBuildQuery({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...GUEST, message: "m".repeat(60_000) })}`;
    expect(await readJson(await fetch(`${stack.httpUrl}${path}`, { method: "POST" }))).toMatchObject({ result: "success" });
  });

  it("what is no request is answered with a result and a message too", async () => {
    const tooLong = await fetch(`${stack.httpUrl}/includes/api.php?subject=${"x".repeat(200_000)}`, { method: "POST" });
    expect(tooLong.status).toBe(431);
    expect(await tooLong.json()).toEqual({ result: "error", message: expect.stringContaining("in the body") });
    expect(await sendText("POST /includes/api.php HTTP/1.1\r\nHost: door.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*\r\n\r\n\{"result":"error","message":".+"\}$/,
    );
  });

  it.each([
    ["no Host", 400, "POST /includes/api.php HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
    ["two Hosts", 400, "POST /includes/api.php HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
    [
      "a coding that is not read",
      400,
      "POST /includes/api.php HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ],
    ["another version of HTTP", 400, "POST /includes/api.php HTTP/2.0\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
    ["an Expect that is not understood", 417, "POST /includes/api.php HTTP/1.1\r\nHost: a.test\r\nExpect: more\r\nContent-Length: 0\r\n\r\n"],
  ])("%s is refused with a result and a message", async (_what, status, bytes) => {
    const answer = await sendText(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/result"?[=:]"?error"?[;,]"?message"?[=:]/);
  });

  it("nothing is done that comes behind an unclear head", async () => {
    const form = new URLSearchParams({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...GUEST, subject: "Behind" }).toString();
    const second = `POST /includes/api.php HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`;
    expect(await sendText(`POST /includes/api.php HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\nContent-Length: 0\r\n\r\n${second}`)).toMatch(/^HTTP\/1\.1 400 /);
    await callJson(stack, GUEST);
    expect(await stack.store.db.collection("tickets").countDocuments({ subject: "Behind" })).toBe(0);
  });

  const rawCall = (subject: string) => {
    const form = httpBuildQuery({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...GUEST, subject });
    return `POST /includes/api.php HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`;
  };
  const statusesIn = (answers: string) => [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);

  it("bytes behind a whole request, as with a Content-Length that is too small, leave its answer alone and end the connection", async () => {
    const answers = await sendText(`${rawCall("Too short")}&customfields=`);
    expect([statusesIn(answers), answers]).toEqual([["200"], expect.stringMatching(/\r\nconnection: close\r\n[\s\S]*"result":"success"/i)]);
    expect(await stack.store.db.collection("tickets").countDocuments({ subject: "Too short" })).toBe(1);
  });

  it("of calls that are sent at once each is answered before the connection ends, and what breaks off in its turn", async () => {
    expect(statusesIn(await sendText(`${rawCall("First")}${rawCall("Second")}nonsense\r\n\r\n`))).toEqual(["200", "200"]);
    const broken = "POST /includes/api.php HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    expect(statusesIn(await sendText(`${rawCall("Third")}${broken}`))).toEqual(["200", "400"]);
  });

  it("what is no request is refused at the beginning of a connection, and behind an answered request", async () => {
    expect(statusesIn(await sendText("nonsense\r\n\r\n"))).toEqual(["400"]);
    const { hostname, port } = new URL(stack.httpUrl);
    const socket = connect(Number(port), hostname);
    socket.write(rawCall("Answered"));
    const [first] = await once(socket, "data");
    socket.write("nonsense\r\n\r\n");
    const second = await readText(socket);
    expect([statusesIn(String(first)), statusesIn(second)]).toEqual([["200"], ["400"]]);
  });

  it("GET is refused with a message that names the setting, without reading the secret", async () => {
    const response = await fetch(`${stack.httpUrl}/includes/api.php?${httpBuildQuery({ action: "OpenTicket", ...stack.credentials, responsetype: "json" })}`);
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ result: "error", message: expect.stringContaining("HTTP_ALLOW_GET=true") });
  });

  it.each(["PUT", "DELETE", "PATCH"])("%s is refused with a result and a message", async (method) => {
    const response = await bare({ action: "OpenTicket", responsetype: "json" }, { method });
    expect(response.status).toBe(405);
    expect(await response.text()).toContain("result=error;message=");
  });

  it("neither a User-Agent nor an Accept header is needed", async () => {
    const { status, result } = await callJson(stack, GUEST, { headers: { "user-agent": "", accept: "" } });
    expect({ status, result }).toEqual({ status: 200, result: "success" });
  });

  it.each(["openticket", "OPENTICKET", "OpenTicket", " openticket "])("the action %j is read in any case", async (action) => {
    expect(await callJson(stack, { ...GUEST, action })).toMatchObject({ result: "success" });
  });

  it("unknown parameters are ignored", async () => {
    expect(await callJson(stack, { ...GUEST, nonsense: "x", "deep[0][y]": "z" })).toMatchObject({ result: "success" });
  });
});

describe("body types", () => {
  const fields = () => ({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...GUEST });

  it("multipart/form-data without a file", async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields())) form.append(name, String(value));
    const response = await fetch(`${stack.httpUrl}/includes/api.php`, { method: "POST", body: form });
    expect(await response.json()).toMatchObject({ result: "success" });
  });

  it("application/json with real types", async () => {
    const response = await fetch(`${stack.httpUrl}/includes/api.php`, {
      method: "POST",
      body: JSON.stringify({ ...fields(), markdown: true }),
      headers: { "content-type": "application/json" },
    });
    expect(await response.json()).toMatchObject({ result: "success" });
  });

  it("urlencoded in chunks, without a Content-Length", async () => {
    const chunks = httpBuildQuery(fields()).match(/.{1,7}/gs) ?? [];
    const body = new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    });
    const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/x-www-form-urlencoded" } } as RequestInit;
    expect(await (await fetch(`${stack.httpUrl}/includes/api.php`, init)).json()).toMatchObject({ result: "success" });
  });

  it("a type that is not read: 415 with a result and a message", async () => {
    const response = await bare({ responsetype: "json" }, { path: "/includes/api.php?responsetype=json", headers: { "content-type": "text/csv" } });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ result: "error", message: expect.stringContaining("application/x-www-form-urlencoded") });
  });
});

describe("credentials", () => {
  const call = async (credentials: Fields, more: Fields = {}) => {
    const response = await bare({ action: "OpenTicket", responsetype: "json", ...GUEST, ...credentials, ...more });
    const { result, message } = await readJson(response);
    return [response.status, result, message];
  };

  it.each<[string, () => Fields]>([
    ["identifier and secret", () => ({ ...stack.credentials })],
    ["the same two as username and password", () => ({ username: stack.credentials.identifier, password: stack.credentials.secret })],
    ["a stored credential", () => ({ identifier: "full", secret: "full-secret" })],
    ["an admin's username and md5 of the password", () => ({ username: "caller", password: md5("pass word") })],
    ["md5 in upper case", () => ({ username: "caller", password: md5("pass word").toUpperCase() })],
    ["an empty identifier beside username and password", () => ({ identifier: "", secret: "", username: "caller", password: md5("pass word") })],
  ])("%s", async (_what, credentials) => {
    expect(await call(credentials())).toEqual([200, "success", undefined]);
  });

  it.each<[string, Fields, string]>([
    ["none", {}, "Authentication Failed"],
    ["empty ones", { identifier: "", secret: "" }, "Authentication Failed"],
    ["an identifier without a secret", { identifier: "full" }, "Authentication Failed"],
    ["a wrong secret", { identifier: "full", secret: "wrong" }, "Authentication Failed"],
    ["an unknown identifier", { identifier: "nobody", secret: "x" }, "Invalid or missing credentials"],
    ["a disabled credential", { identifier: "off", secret: "off-secret-1" }, "Invalid or missing credentials"],
    ["a wrong admin password", { username: "caller", password: md5("wrong") }, "Invalid password provided"],
    ["an admin's password in clear", { username: "caller", password: "pass word" }, "Invalid password provided"],
    ["a disabled admin", { username: "disabled", password: md5("pw") }, "Administrator Account Disabled"],
    ["a credential of a disabled admin", { identifier: "of-disabled", secret: "of-disabled-secret" }, "Administrator Account Disabled"],
    ["an admin without API access", { username: "noapi", password: md5("pw") }, "Access Denied"],
    ["a credential of an admin without API access", { identifier: "of-noapi", secret: "of-noapi-secret" }, "Access Denied"],
    ["a credential without the permission", { identifier: "reader", secret: "reader-secret" }, 'Invalid Permissions: API action "openticket" is not allowed'],
    ["an admin without the permission", { username: "limited", password: md5("pw") }, 'Invalid Permissions: API action "openticket" is not allowed'],
    ["a credential for other addresses", { identifier: "elsewhere", secret: "elsewhere-secret" }, "Invalid IP 127.0.0.1"],
  ])("%s: 403", async (_what, credentials, message) => {
    expect(await call(credentials)).toEqual([403, "error", message]);
  });

  it("an unknown action reads like a missing permission, with its name in lower case", async () => {
    expect(await call({ ...stack.credentials }, { action: "DropTables" })).toEqual([
      403,
      "error",
      'Invalid Permissions: API action "droptables" is not allowed',
    ]);
  });

  it("an empty action is 400, but only for those who may ask", async () => {
    expect(await call({ ...stack.credentials }, { action: "" })).toEqual([400, "error", "Empty action request"]);
    expect(await call({}, { action: "" })).toEqual([403, "error", "Authentication Failed"]);
  });
});

describe("answer formats", () => {
  it("JSON on success: result first, c last, id a number, the rest text, nothing null", async () => {
    const { headers, text } = await callApi(stack, { ...GUEST, responsetype: "json" });
    expect(headers.get("content-type")).toMatch(/^application\/json/);
    const answer = JSON.parse(text);
    const keys = Object.keys(answer);
    expect([keys[0], keys.at(-1)]).toEqual(["result", "c"]);
    expect(answer).toMatchObject({
      result: "success",
      id: expect.any(Number),
      tid: expect.stringMatching(/^\d{6}$/),
      c: expect.stringMatching(/^[A-Za-z0-9]{8,}$/),
    });
    expect(Object.values(answer).every((value) => value !== null && value !== undefined)).toBe(true);
  });

  it("JSON on an error: result first, message last, all errors between, never a key named error", async () => {
    const { status, text } = await callApi(stack, { ...GUEST, responsetype: "json", deptid: 99, subject: "" });
    const answer = JSON.parse(text);
    const keys = Object.keys(answer);
    expect(status).toBe(200);
    expect([keys[0], keys.at(-1)]).toEqual(["result", "message"]);
    expect(keys).not.toContain("error");
    expect(answer.errors.map(({ code }: { code: string }) => code)).toEqual(["department_not_found", "subject_required"]);
  });

  it("XML", async () => {
    const { headers, text } = await callApi(stack, { ...GUEST, responsetype: "XML" });
    expect(headers.get("content-type")).toMatch(/^application\/xml/);
    expect(text).toMatch(
      /^<\?xml version="1\.0" encoding="utf-8"\?><whmcsapi version="[^"]+"><action>openticket<\/action><result>success<\/result><id>\d+<\/id><tid>\d{6}<\/tid><c>[A-Za-z0-9]+<\/c><\/whmcsapi>$/,
    );
  });

  it("XML escapes the echoed action", async () => {
    const { text } = await callApi(stack, { ...GUEST, responsetype: "xml", action: "<b>&\u0001" });
    expect(text).toContain("<action>&lt;b&gt;&amp;</action>");
  });

  it.each(["nvp", "", "yaml"])("responsetype %j is NVP, on one line without an end", async (responsetype) => {
    const { text } = await callApi(stack, { ...GUEST, responsetype });
    expect(text).toMatch(/^result=success;id=\d+;tid=\d{6};c=[A-Za-z0-9]+;$/);
  });

  it("no responsetype at all is NVP", async () => {
    expect((await callApi(stack, GUEST)).text).toMatch(/^result=success;/);
  });

  it("a format that is none is NVP, and the outcome is told", async () => {
    const { text } = await callApi(stack, { ...GUEST, "responsetype[x]": "json" });
    expect(text).toMatch(/^result=success;id=\d+;/);
  });

  it("NVP values cannot break its reading", async () => {
    const { text } = await callApi(stack, { ...GUEST, action: "x;result=success\r\ny" });
    expect(text).toBe('result=error;message=Invalid Permissions: API action "x,result=success y" is not allowed;');
  });

  it("errors honour the format", async () => {
    const wrong = { identifier: "nobody", secret: "x" };
    expect((await callApi(stack, { ...wrong, responsetype: "xml" })).text).toContain("<result>error</result><message>Invalid or missing credentials</message>");
    expect((await callApi(stack, wrong)).text).toBe("result=error;message=Invalid or missing credentials;");
  });
});

describe("repetitions", () => {
  it("the same idempotencykey gives the same ids again, marked as a replay", async () => {
    const first = await callJson(stack, { ...GUEST, idempotencykey: "order-1" });
    const again = await callJson(stack, { ...GUEST, idempotencykey: "order-1" });
    expect(again).toEqual({ ...first, replayed: true });
  });

  it("in JSON a key may be a number, and what is no key is refused: nobody is to believe that it counts", async () => {
    const post = async (idempotencykey: unknown) => {
      const fields = { action: "OpenTicket", ...stack.credentials, responsetype: "json", ...GUEST, idempotencykey };
      const headers = { "content-type": "application/json" };
      return readJson(await fetch(`${stack.httpUrl}/includes/api.php`, { method: "POST", headers, body: JSON.stringify(fields) }));
    };
    const first = await post(4711);
    expect(await callJson(stack, { ...GUEST, idempotencykey: "4711" })).toMatchObject({ id: first.id, replayed: true });
    for (const wrong of [["a"], { a: 1 }, true, 2 ** 60, 1.5, "half \ud800"])
      expect(await post(wrong)).toMatchObject({ errors: [{ code: "idempotencykey_invalid" }] });
  });

  it("the Idempotency-Key header does the same", async () => {
    const headers = { "idempotency-key": "order-2" };
    const first = await callJson(stack, GUEST, { headers });
    expect(await callJson(stack, { ...GUEST, idempotencykey: "order-2" })).toMatchObject({ id: first.id, replayed: true });
  });

  it("the same key for other content is a clear conflict", async () => {
    await callJson(stack, { ...GUEST, idempotencykey: "order-3" });
    const other = await callJson(stack, { ...GUEST, subject: "other", idempotencykey: "order-3" });
    expect(other).toMatchObject({ status: 200, result: "error", message: expect.stringContaining("used for a request with other content") });
  });

  it("ten at once with one key: one ticket", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => callJson(stack, { ...GUEST, idempotencykey: "order-4" })));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  });
});
