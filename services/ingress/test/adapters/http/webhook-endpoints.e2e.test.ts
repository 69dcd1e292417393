import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addCredential } from "../../../../../test/support/credentials.ts";
import { type Receiver, startReceiver, verified } from "../../../../../test/support/event-receiver.ts";
import { type RestAnswer, rest } from "../../../../../test/support/rest.ts";
import { type Stack, startStack } from "../../../../../test/support/stack.ts";
import { until } from "../../../../../test/support/until.ts";

const PATH = "/v1/webhook-endpoints";
const EVENTS = ["ticket.opened", "request.rejected"];

let stack: Stack;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  stack = await startStack({ env: { SECRETS_KEY: randomBytes(32).toString("base64"), EVENTS_ALLOWED_NETWORKS: "127.0.0.0/8" } });
});
afterAll(async () => {
  await stack.stop();
  await receiver.close();
});

const call = (method: string, path: string, body?: unknown): Promise<RestAnswer> =>
  rest(stack, method, path, body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } });
const secretIn = ({ body }: RestAnswer) => (body.newSecret as { id: string; secret: string }).secret;
const deliveriesIn = ({ body }: RestAnswer) => body.deliveries as { id: string; state: string; type: string; tries: { status?: number }[] }[];
const deliveries = async (name: string, query = "") => deliveriesIn(await call("GET", `${PATH}/${name}/deliveries${query}`));

describe("an endpoint by REST", () => {
  it("is set up, seen, changed and removed; its secret is shown once", async () => {
    const made = await call("POST", PATH, { name: "crm", url: receiver.url, events: EVENTS, deptids: [1] });
    expect(made).toMatchObject({ status: 201, body: { name: "crm", isEnabled: true, deptids: [1], newSecret: { secret: expect.stringMatching(/^whsec_/) } } });
    expect(made.headers.get("location")).toBe(`${PATH}/crm`);
    expect((await call("POST", PATH, { name: "crm", url: receiver.url, events: EVENTS })).status).toBe(409);
    const seen = await call("GET", `${PATH}/crm`);
    expect(seen.status).toBe(200);
    expect(JSON.stringify([seen.body, (await call("GET", PATH)).body])).not.toMatch(/whsec_|sealed/);
    expect(await call("PATCH", `${PATH}/crm`, { deptids: null, events: ["ticket.opened"] })).toMatchObject({
      status: 200,
      body: { events: ["ticket.opened"] },
    });
    expect((await call("GET", `${PATH}/crm`)).body.deptids).toBeUndefined();
    expect((await call("DELETE", `${PATH}/crm`)).status).toBe(204);
    for (const [method, path] of [
      ["GET", ""],
      ["PATCH", ""],
      ["DELETE", ""],
      ["POST", "/test"],
      ["GET", "/deliveries"],
      ["POST", "/secrets"],
      ["DELETE", "/secrets/x"],
    ]) {
      expect([method, path, (await call(method ?? "", `${PATH}/crm${path}`, method === "PATCH" ? {} : undefined)).status]).toEqual([method, path, 404]);
    }
  });

  it.each([
    [{ url: "https://169.254.169.254/" }, "url"],
    [{ url: "https://user:pass@example.com/" }, "url"],
    [{ events: ["nothing"] }, "events.0"],
    [{ name: "../x" }, "name"],
    [{ deptids: ["1"] }, "deptids.0"],
    [{ unknown: 1 }, "unknown"],
  ])("with %j is refused with what is wrong", async (fault, field) => {
    const refused = await call("POST", PATH, { name: "bad", url: receiver.url, events: EVENTS, ...fault });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ code: "invalid", field }] } });
  });

  it("that is no JSON, or a query that cannot be read, is a bad request", async () => {
    expect((await rest(stack, "POST", PATH, { body: "{" })).status).toBe(400);
    await call("POST", PATH, { name: "queried", url: receiver.url, events: EVENTS });
    expect((await call("GET", `${PATH}/queried/deliveries?state=lost`)).status).toBe(400);
    await call("DELETE", `${PATH}/queried`);
  });

  it("is nobody's without the permission", async () => {
    const clerk = { httpUrl: stack.httpUrl, credentials: await addCredential(stack, "clerk", ["openticket"]) };
    for (const [method, path] of [
      ["GET", ""],
      ["POST", ""],
      ["GET", "/x"],
      ["PATCH", "/x"],
      ["DELETE", "/x"],
      ["POST", "/x/secrets"],
      ["POST", "/x/test"],
      ["GET", "/x/deliveries"],
    ]) {
      expect((await rest(clerk, method ?? "", `${PATH}${path}`)).status).toBe(403);
    }
    expect((await rest(clerk, "POST", "/v1/webhook-deliveries/x/replay")).status).toBe(403);
    expect((await fetch(`${stack.httpUrl}${PATH}`)).status).toBe(401);
  });
});

describe("a test event", () => {
  it("is sent now through the ordinary path; its delivery can be seen and sent again under the same id", async () => {
    const secret = secretIn(await call("POST", PATH, { name: "tested", url: receiver.url, events: EVENTS }));
    const tested = await call("POST", `${PATH}/tested/test`);
    expect(tested.status).toBe(202);
    const got = await until("the test event", () => receiver.calls.find(({ event }) => event.type === "endpoint.test"));
    expect(verified(secret, got)).toMatchObject({ type: "endpoint.test", data: { endpoint: "tested" } });
    const [delivery] = await until("the note of it", async () => (await deliveries("tested", "?state=delivered")).length === 1 && deliveries("tested"));
    expect(delivery).toMatchObject({ id: tested.body.delivery, type: "endpoint.test", state: "delivered", tries: [{ status: 204 }] });
    expect(await deliveries("tested", "?state=failed")).toEqual([]);
    expect((await call("POST", `/v1/webhook-deliveries/${delivery?.id}/replay`)).status).toBe(202);
    const again = await until("the replay", () => receiver.calls.filter(({ id }) => id === got.id)[1]);
    expect(again.text).toBe(got.text);
    expect((await call("POST", "/v1/webhook-deliveries/evt_none.tested/replay")).status).toBe(404);
  });

  it("is signed with a new secret and, while it lasts, the old one", async () => {
    const old = secretIn(await call("POST", PATH, { name: "rotated", url: receiver.url, events: EVENTS }));
    const added = await call("POST", `${PATH}/rotated/secrets`, { expireOthersInSeconds: 3600 });
    expect(added.status).toBe(201);
    await call("POST", `${PATH}/rotated/test`);
    const got = await until("it", () => receiver.calls.find(({ event }) => event.data.endpoint === "rotated"));
    for (const secret of [old, secretIn(added)]) expect(verified(secret, got)).toEqual(got.event);
    const [first, second] = (added.body.secrets as { id: string }[]).map(({ id }) => id);
    expect((await call("DELETE", `${PATH}/rotated/secrets/${first}`)).status).toBe(204);
    expect((await call("DELETE", `${PATH}/rotated/secrets/${second}`)).status).toBe(422);
  });

  it("of a disabled endpoint is refused", async () => {
    await call("POST", PATH, { name: "off", url: receiver.url, events: EVENTS, isEnabled: false });
    expect((await call("POST", `${PATH}/off/test`)).status).toBe(409);
  });
});
