import { describe, expect, test } from "vitest";
import { sourceKind } from "../../src/index.ts";
import { callWith, noFetch, urlencoded } from "../calls.ts";

type Name = Parameters<typeof sourceKind>[0];

/** What a verified call of that kind holds. */
async function readingOf(name: Name, call: { body: unknown; headers?: Record<string, string> }, settings: object = {}, more: { isMapped?: boolean } = {}) {
  const kind = sourceKind(name);
  if (!kind) throw new Error(`${name} is not served`);
  const body = typeof call.body === "string" || Buffer.isBuffer(call.body) ? call.body : JSON.stringify(call.body);
  return kind.read(callWith({ body, headers: call.headers ?? {} }), { name: "s", settings: kind.settings.parse(settings), secrets: [], ...more }, noFetch);
}
const malformed = { kind: "malformed", because: expect.any(String) };

describe("the id of an event", () => {
  test.each([
    ["standard-webhooks", { headers: { "webhook-id": "msg_1" }, body: {} }, "msg_1"],
    ["github", { headers: { "x-github-delivery": "not signed" }, body: {} }, undefined],
    ["gitlab", { headers: { "idempotency-key": "k1" }, body: {} }, "k1"],
    ["gitlab", { headers: { "webhook-id": "w1", "idempotency-key": "w1" }, body: {} }, "w1"],
    ["gitlab", { body: {} }, undefined],
    ["stripe", { body: { id: "evt_1" } }, "evt_1"],
    ["sentry", { headers: { "request-id": "not signed" }, body: { id: "1" } }, undefined],
    ["alertmanager", { body: { groupKey: "g" } }, undefined],
    ["grafana", { body: { groupKey: "g" } }, undefined],
    ["slack", { body: { type: "event_callback", event_id: "Ev1" } }, "Ev1"],
    ["json", { body: { id: "1" } }, undefined],
  ] as const)("of %s", async (name, call, id) => {
    const reading = await readingOf(name, call);
    expect([reading.kind, "id" in reading ? reading.id : undefined]).toEqual(["event", id]);
  });

  test.each([
    ["/id", { id: "a" }, "a"],
    ["/n", { n: 7 }, "7"],
    ["/a~1b/1/~0", { "a/b": [0, { "~": "deep" }] }, "deep"],
    ["/missing/at/all", {}, undefined],
    ["/id", { id: null }, undefined],
    ["/toString", {}, undefined],
  ])("of json at %s of %j", async (idPointer, body, id) => {
    expect(await readingOf("json", { body }, { idPointer })).toEqual(id === undefined ? { kind: "event" } : { kind: "event", id });
  });

  test("of json is in a header where its settings say so", async () => {
    expect(await readingOf("json", { body: [], headers: { "x-id": "h" } }, { idHeader: "X-Id" })).toEqual({ kind: "event", id: "h" });
  });

  test.each([
    ["stripe", { body: { id: 1 } }, {}],
    ["stripe", { body: {} }, {}],
    ["stripe", { body: [] }, {}],
    ["slack", { body: { event_id: {} } }, {}],
    ["json", { body: { id: {} } }, { idPointer: "/id" }],
    ["json", { body: { id: "x".repeat(501) } }, { idPointer: "/id" }],
    ["standard-webhooks", { body: {}, headers: { "webhook-id": "x".repeat(501) } }, {}],
  ] as const)("of another type or size is malformed: %s %j", async (name, call, settings) => {
    expect(await readingOf(name, call, settings)).toEqual(malformed);
  });
});

describe("a list in JSON", () => {
  test("of several events is malformed, and it is said what to do", async () => {
    const because = expect.stringMatching(/several events: send each .* or give the source a mapping/);
    expect(await readingOf("json", { body: [{ subject: "a" }, { subject: "b" }] })).toEqual({ kind: "malformed", because });
  });

  test("of one event is that event, and one of several is for a mapping of the source's own", async () => {
    expect(await readingOf("json", { body: [{ subject: "a" }] })).toEqual({ kind: "event" });
    expect(await readingOf("json", { body: [{ id: "1" }, {}] }, { idPointer: "/0/id" }, { isMapped: true })).toEqual({ kind: "event", id: "1" });
  });
});

describe("forms", () => {
  test("GitHub's has its JSON in `payload`", async () => {
    const { body, headers } = urlencoded({ payload: JSON.stringify({ action: "opened" }) });
    const headersOfHook = { ...headers, "x-github-event": "issues", "x-github-delivery": "d" };
    expect(await readingOf("github", { body, headers: headersOfHook })).toEqual({
      kind: "event",
      headers: { "x-github-event": "issues", "x-github-delivery": "d" },
    });
    expect(await readingOf("github", { ...urlencoded({ payload: "{" }) })).toEqual(malformed);
  });

  test("a slash command of Slack is an event by its trigger", async () => {
    expect(await readingOf("slack", urlencoded({ command: "/ticket", trigger_id: "13345224609" }))).toMatchObject({ kind: "event", id: "13345224609" });
  });

  test("JSON that a tool calls a form is JSON", async () => {
    expect(await readingOf("json", { body: { id: "1" }, headers: { "content-type": "application/x-www-form-urlencoded" } }, { idPointer: "/id" })).toEqual({
      kind: "event",
      id: "1",
    });
  });

  test.each(["multipart/form-data; boundary=x", "application/xml", "text/html", "image/png"])("%s is malformed", async (type) => {
    expect(await readingOf("json", { body: {}, headers: { "content-type": type } })).toEqual(malformed);
  });
});

describe("what a provider asks before it sends events", () => {
  test("Slack's challenge is answered with itself", async () => {
    expect(await readingOf("slack", { body: { type: "url_verification", challenge: "3eZbrw1aB" } })).toMatchObject({
      kind: "handshake",
      answer: { contentType: expect.stringContaining("text/plain"), body: "3eZbrw1aB" },
    });
    expect(await readingOf("slack", { body: { type: "url_verification", challenge: {} } })).toEqual(malformed);
  });

  test("GitHub's ping is no event", async () => {
    expect(await readingOf("github", { body: { zen: "z" }, headers: { "x-github-event": "ping" } })).toMatchObject({ kind: "handshake" });
    expect(await readingOf("github", { body: "Hello, World!", headers: { "x-github-event": "ping" } })).toMatchObject({ kind: "handshake" });
  });
});

test.each([
  [{ idHeader: "x", idPointer: "/x" }, "idPointer"],
  [{ idPointer: "id" }, "idPointer"],
  [{ authentication: "none" }, "authentication"],
  [{ signatureHeader: "no header" }, "signatureHeader"],
  [{ unknown: 1 }, ""],
  [{ toleranceSeconds: 0 }, "toleranceSeconds"],
])("settings of json that are wrong are said: %j", (settings, path) => {
  const issues = sourceKind("json")?.settings.safeParse(settings).error?.issues ?? [];
  expect(issues.map((issue) => issue.path.join("."))).toEqual([path]);
});
