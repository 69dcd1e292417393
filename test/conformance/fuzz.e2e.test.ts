import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authorization } from "../support/api-php.ts";
import { type Stack, startStack } from "../support/stack.ts";

/**
 * Whatever bytes come in, an answer of the documented shapes goes out: never a crash, a hang or a 500. A failure prints
 * its seed and the smallest input that shows it.
 */
const RUNS = 300;
const ANSWER_MS = 10_000;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { HTTP_REPLY_TIMEOUT_MS: "5000" } });
});
afterAll(async () => {
  expect((await fetch(`${stack.httpUrl}/healthz`)).status).toBe(200);
  await stack.stop();
});

const PARAMS = ["deptid", "subject", "message", "clientid", "userid", "contactid", "name", "email", "priority", "created", "admin", "serviceid", "domainid"];
const MORE = [
  "customfields",
  "attachments",
  "noemail",
  "markdown",
  "preventClientClosure",
  "idempotencykey",
  "responsetype",
  "action",
  "attachments[0][name]",
  "attachments[0][data]",
];
const name = fc.oneof(fc.constantFrom(...PARAMS, ...MORE), fc.string());
const php = fc.constantFrom('a:1:{s:1:"1";s:6:"Google";}', 'a:1:{i:1;O:8:"stdClass":0:{}}', "a:999999999:{", 's:5:"x', "i:1;", 'a:1:{s:1:"1";a:0:{}}');
const value = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  php,
  php.map(btoa),
  fc.integer().map(String),
  fc.constantFrom("null", "true", "undefined", "NaN", "[]", "__proto__"),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 15 });
const contentType = fc.oneof(
  fc.constantFrom(
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "application/json; charset=utf-16",
  ),
  fc.stringMatching(/^[ -~]{0,40}$/),
);

async function post(path: string, headers: Record<string, string>, body: NonNullable<RequestInit["body"]>): Promise<Response> {
  return fetch(`${stack.httpUrl}${path}`, { method: "POST", headers, body, signal: AbortSignal.timeout(ANSWER_MS) });
}

const CLASSIC_STATUSES = [200, 400, 403, 405, 413, 415, 503];
async function expectClassicShape(response: Response): Promise<void> {
  expect(CLASSIC_STATUSES).toContain(response.status);
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) expect(JSON.parse(text)).toHaveProperty("result", expect.stringMatching(/^(success|error)$/));
  else if (type.includes("xml")) expect(text).toMatch(/^<\?xml .*<result>(success|error)<\/result>/s);
  else expect(text).toMatch(/^result=(success|error);/);
}

async function expectRestShape(response: Response): Promise<void> {
  expect([200, 201, 202, 400, 401, 403, 413, 415, 422, 503]).toContain(response.status);
  const body = JSON.parse(await response.text());
  if (response.status < 300) return void expect(body).toHaveProperty("requestId");
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  expect(body).toMatchObject({ status: response.status, title: expect.any(String), detail: expect.any(String) });
}

const check = <T>(input: fc.Arbitrary<T>, property: (given: T) => Promise<void>) =>
  fc.assert(fc.asyncProperty(input, property), { numRuns: RUNS, interruptAfterTimeLimit: 60_000 });

describe("the classic call answers in a documented shape", () => {
  it("any fields of a form", () =>
    check(fields, async (given) => {
      const form = new URLSearchParams([["action", "OpenTicket"], ...Object.entries(stack.credentials), ["deptid", "1"], ...given]);
      await expectClassicShape(await post("/includes/api.php", {}, form));
    }));

  it("any fields of a form with files", () =>
    check(fc.tuple(fields, fc.uint8Array({ maxLength: 2000 }), fc.string()), async ([given, bytes, filename]) => {
      const form = new FormData();
      for (const [field, text] of [["action", "OpenTicket"], ...Object.entries(stack.credentials), ...given]) form.append(field ?? "", text ?? "");
      form.append("attachments[]", new Blob([new Uint8Array(bytes)]), filename);
      await expectClassicShape(await post("/includes/api.php", {}, form));
    }));

  it("any JSON", () =>
    check(fc.jsonValue(), async (given) => {
      const body = typeof given === "object" && !Array.isArray(given) ? { ...given, ...stack.credentials, action: "OpenTicket" } : given;
      await expectClassicShape(await post("/includes/api.php", { "content-type": "application/json" }, JSON.stringify(body)));
    }));

  it("any bytes of any type", () =>
    check(fc.tuple(contentType, fc.uint8Array({ maxLength: 5000 })), async ([type, bytes]) => {
      await expectClassicShape(await post("/includes/api.php", { "content-type": type }, new Uint8Array(bytes)));
    }));
});

describe("REST answers in a documented shape", () => {
  const headers = () => ({ ...authorization(stack), "content-type": "application/json" });

  it("any JSON", () => check(fc.jsonValue(), async (given) => expectRestShape(await post("/v1/tickets", headers(), JSON.stringify(given)))));

  it("any parameters", () =>
    check(fc.dictionary(name, fc.oneof(value, fc.jsonValue())), async (given) =>
      expectRestShape(await post("/v1/tickets", headers(), JSON.stringify({ deptid: 1, clientid: 1, ...given }))),
    ));

  it("any bytes of any type", () =>
    check(fc.tuple(contentType, fc.uint8Array({ maxLength: 5000 })), async ([type, bytes]) => {
      await expectRestShape(await post("/v1/tickets", { ...headers(), "content-type": type }, new Uint8Array(bytes)));
    }));
});

describe("a connection that speaks no HTTP", () => {
  it("is answered or closed, and the door goes on", () =>
    check(fc.uint8Array({ minLength: 1, maxLength: 500 }), async (bytes) => {
      const answer = await sendAndListen(Buffer.concat([bytes, Buffer.from("\r\n\r\n")]));
      expect(answer).toMatch(/^(HTTP\/1\.1 (4\d\d|501|505) |$)/);
    }));
});

function sendAndListen(bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(stack.httpUrl);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    let answer = "";
    socket.setTimeout(ANSWER_MS, () => reject(new Error(`no end within ${ANSWER_MS} ms`)));
    socket.on("data", (data) => {
      answer += data.toString("latin1");
    });
    socket.on("error", () => resolve(answer));
    socket.on("close", () => resolve(answer));
  });
}
