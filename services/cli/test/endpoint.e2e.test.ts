import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Receiver, startReceiver, verified } from "../../../test/support/event-receiver.ts";
import { uniqueName } from "../../../test/support/servers.ts";
import { type Stack, startStack } from "../../../test/support/stack.ts";
import { until } from "../../../test/support/until.ts";
import { operatorOf } from "./support/opentickets.ts";

const env = { SECRETS_KEY: randomBytes(32).toString("base64"), EVENTS_ALLOWED_NETWORKS: "127.0.0.0/8" };
const prefix = uniqueName("cli-endpoint");
const { opentickets, asJson } = operatorOf(() => prefix, env);

let stack: Stack;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  stack = await startStack({ prefix, env });
});
afterAll(async () => {
  await stack.stop();
  await receiver.close();
});

describe("opentickets endpoint", () => {
  it("sets up an endpoint, sends it a test event and waits for the answer, shows and repeats the delivery", async () => {
    const { newSecret } = await asJson("endpoint", "add", "crm", receiver.url, "--event", "ticket.opened", "--department", "1");
    expect(await asJson("endpoint", "show", "crm")).toMatchObject({ name: "crm", events: ["ticket.opened"], deptids: [1], secrets: [{ id: newSecret.id }] });
    const { code, out } = await opentickets("endpoint", "test", "crm");
    expect([code, out]).toEqual([0, expect.stringMatching(/^Delivered: 204 in \d+ ms/)]);
    expect(verified(newSecret.secret, receiver.calls[0] ?? fail())).toMatchObject({ type: "endpoint.test" });
    const [delivery] = await asJson("endpoint", "deliveries", "crm");
    expect(delivery).toMatchObject({ state: "delivered", type: "endpoint.test" });
    expect((await opentickets("endpoint", "deliveries", "crm", "--state", "failed")).out).toMatch(/No deliveries/);
    expect((await opentickets("endpoint", "replay", delivery.id)).code).toBe(0);
    await until("the replay", () => receiver.calls.length === 2);
  });

  it("says that a test has failed, and why", async () => {
    receiver.answers.push({ status: 404 });
    expect(await opentickets("endpoint", "test", "crm")).toMatchObject({ code: 1, out: expect.stringMatching(/^Failed: the answer was 404/) });
  });

  it("turns an endpoint off and on, changes its secrets, removes it", async () => {
    expect((await opentickets("endpoint", "disable", "crm")).code).toBe(0);
    expect((await opentickets("endpoint", "list")).out).toMatch(/crm +disabled +ticket.opened +1 +http/);
    expect(await opentickets("endpoint", "test", "crm")).toMatchObject({ code: 1, err: expect.stringMatching(/disabled/) });
    expect((await opentickets("endpoint", "enable", "crm")).code).toBe(0);
    const { out } = await opentickets("endpoint", "secret", "add", "crm", "--expire-others", "1h");
    expect(out).toMatch(/whsec_.*\n.*not shown again/s);
    const [old, current] = (await asJson("endpoint", "show", "crm")).secrets;
    expect((await opentickets("endpoint", "secret", "remove", "crm", old.id)).code).toBe(0);
    expect(await opentickets("endpoint", "secret", "remove", "crm", current.id)).toMatchObject({ code: 1, err: expect.stringMatching(/last valid/) });
    expect((await opentickets("endpoint", "remove", "crm")).code).toBe(0);
    expect((await opentickets("endpoint", "list")).out).toMatch(/No endpoints/);
  });

  it.each([
    [["show", "none"], /no endpoint none/],
    [["remove", "none"], /no endpoint none/],
    [["test", "none"], /no endpoint none/],
    [["deliveries", "none"], /no endpoint none/],
    [["enable", "none"], /no endpoint none/],
    [["replay", "evt_none"], /no such delivery/],
    [["add", "bad", "https://10.0.0.1/"], /url: .*not of the public internet/],
  ])("%j is answered with what is wrong", async (args, why) => {
    const { code, err } = await opentickets("endpoint", ...args);
    expect([code, err]).toEqual([1, expect.stringMatching(why)]);
  });
});

function fail(): never {
  throw new Error("there is none");
}
