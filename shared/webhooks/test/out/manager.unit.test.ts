import { randomBytes } from "node:crypto";
import { EVENT_TYPES, type WebhookCallRecord, type WebhookEndpoint } from "@openticket/contract";
import { describe, expect, it } from "vitest";
import { type EndpointChanged, makeEndpointManager } from "../../src/out/manager.ts";
import { makeSecretBox } from "../../src/secret-box.ts";

const HOUR_MS = 3_600_000;
const CRM = { name: "crm", url: "https://crm.example.com/hook", events: ["ticket.opened"] };
const box = makeSecretBox(randomBytes(32).toString("base64"));

/** A manager over endpoints in memory, at a time that the test sets. */
function start({ allowedNetworks = [] as string[] } = {}) {
  const stored = new Map<string, WebhookEndpoint>();
  const owed: WebhookCallRecord[] = [];
  const forgotten: string[] = [];
  const time = { now: new Date("2026-01-01T00:00:00Z") };
  let made = 0;
  const manager = makeEndpointManager({
    endpoints: {
      all: async () => [...stored.values()],
      find: async (name) => stored.get(name),
      async create(endpoint) {
        if (stored.has(endpoint._id)) return false;
        stored.set(endpoint._id, endpoint);
        return true;
      },
      async replace({ _id, updatedAt }, next) {
        if (stored.get(_id)?.updatedAt.getTime() !== updatedAt.getTime()) return false;
        stored.set(_id, next);
        return true;
      },
      remove: async (name) => stored.delete(name),
    },
    calls: { owe: async (call) => void owed.push(call), replay: async () => "owed", forget: async (name) => void forgotten.push(name) },
    box,
    allowedNetworks,
    now: () => time.now,
    newId: () => `sec_${++made}`,
    newKey: () => randomBytes(32),
  });
  return { manager, stored, owed, forgotten, time };
}

function done(changed: EndpointChanged): Extract<EndpointChanged, { kind: "done" }> {
  if (changed.kind !== "done") throw new Error(`it is ${JSON.stringify(changed)}`);
  return changed;
}

describe("a new endpoint", () => {
  it("gets a secret that is shown once and stored sealed", async () => {
    const { manager, stored } = start();
    const { secret, endpoint } = done(await manager.create(CRM));
    expect(secret?.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(endpoint).toMatchObject({ isEnabled: true, maxInFlight: 5, timeoutMs: 15_000 });
    expect(JSON.stringify([...stored])).not.toContain(secret?.secret);
    expect(box.open(stored.get("crm")?.secrets[0]?.sealed ?? "")).toBe(secret?.secret);
  });

  it.each([
    [{ url: "http://crm.example.com/hook" }, "url"],
    [{ url: "https://127.0.0.1/hook" }, "url"],
    [{ url: "https://u:p@crm.example.com/" }, "url"],
    [{ events: [] }, "events"],
    [{ events: ["ticket.closed"] }, "events.0"],
    [{ name: "No Name" }, "name"],
    [{ maxInFlight: 1000 }, "maxInFlight"],
    [{ secret: "mine" }, "secret"],
  ])("with %j: every fault is named", async (fault, path) => {
    const changed = await start().manager.create({ ...CRM, ...fault });
    expect(changed).toMatchObject({ kind: "faulty", faults: [{ path }] });
  });

  it("that names no events hears of every one", async () => {
    const { name, url } = CRM;
    expect(done(await start().manager.create({ name, url })).endpoint.events).toEqual(EVENT_TYPES);
  });

  it("inside a network that the operator allows may be called by http", async () => {
    expect((await start({ allowedNetworks: ["10.0.0.0/8"] }).manager.create({ ...CRM, url: "http://10.1.2.3:8080/" })).kind).toBe("done");
  });

  it("of a name that is there already changes nothing", async () => {
    const { manager } = start();
    await manager.create(CRM);
    expect(await manager.create(CRM)).toEqual({ kind: "exists" });
  });

  it("beyond as many as may be is refused", async () => {
    const { manager } = start();
    for (let n = 0; n < 100; n++) await manager.create({ ...CRM, name: `crm-${n}` });
    expect(await manager.create(CRM)).toEqual({ kind: "full" });
  });
});

describe("changes", () => {
  it("touch what they name; null takes the filter away, and enabling lets a stopped one go on", async () => {
    const { manager, stored } = start();
    const { endpoint } = done(await manager.create({ ...CRM, deptids: [1] }));
    stored.set("crm", { ...endpoint, disabled: { at: new Date(), reason: "410" } });
    const enabled = done(await manager.change("crm", { isEnabled: true, deptids: null })).endpoint;
    expect(enabled.disabled).toBeUndefined();
    expect(enabled.deptids).toBeUndefined();
    expect(enabled.url).toBe(CRM.url);
    expect(enabled.updatedAt.getTime()).toBeGreaterThan(endpoint.updatedAt.getTime());
  });

  it("of an endpoint that is not there", async () => {
    expect(await start().manager.change("crm", {})).toEqual({ kind: "missing" });
  });
});

describe("secrets", () => {
  it("before a new one end after the overlap; an ended one leaves with the next change", async () => {
    const { manager, time } = start();
    await manager.create(CRM);
    const { endpoint } = done(await manager.addSecret("crm", { expireOthersInSeconds: 3600 }));
    expect(endpoint.secrets.map(({ id, expiresAt }) => [id, expiresAt?.toISOString()])).toEqual([
      ["sec_1", "2026-01-01T01:00:00.000Z"],
      ["sec_2", undefined],
    ]);
    time.now = new Date(time.now.getTime() + 2 * HOUR_MS);
    expect(done(await manager.addSecret("crm", {})).endpoint.secrets.map(({ id }) => id)).toEqual(["sec_2", "sec_3"]);
  });

  it("that have leaked end at once without an overlap", async () => {
    const { manager } = start();
    await manager.create(CRM);
    expect(done(await manager.addSecret("crm", { expireOthersInSeconds: 0 })).endpoint.secrets.map(({ id }) => id)).toEqual(["sec_2"]);
  });

  it("are never more than five, and the last valid one stays", async () => {
    const { manager } = start();
    await manager.create(CRM);
    for (let n = 0; n < 9; n++) await manager.addSecret("crm", {});
    const { endpoint } = done(await manager.addSecret("crm", {}));
    expect(endpoint.secrets).toHaveLength(5);
    expect(await manager.removeSecret("crm", "sec_99")).toEqual({ kind: "missing" });
    for (const { id } of endpoint.secrets.slice(0, 4)) done(await manager.removeSecret("crm", id));
    expect(await manager.removeSecret("crm", endpoint.secrets[4]?.id ?? "")).toMatchObject({ kind: "faulty", faults: [{ path: "id" }] });
  });
});

describe("a removed endpoint", () => {
  it("takes its calls along: one of the same name does not inherit them; a second removal completes the first", async () => {
    const { manager, forgotten } = start();
    await manager.create(CRM);
    expect([await manager.remove("crm"), await manager.remove("crm")]).toEqual([true, false]);
    expect(forgotten).toEqual(["crm", "crm"]);
  });
});

describe("a test event", () => {
  it("is owed as any other call, each time another one; not to an endpoint that gets none", async () => {
    const { manager, owed } = start();
    await manager.create(CRM);
    await manager.test("crm");
    await manager.test("crm");
    expect(new Set(owed.map(({ _id }) => _id)).size).toBe(2);
    expect(owed[0]).toMatchObject({ type: "endpoint.test", endpoint: "crm", state: "pending" });
    await manager.change("crm", { isEnabled: false });
    expect(await manager.test("crm")).toEqual({ kind: "inactive" });
    expect(await manager.test("other")).toEqual({ kind: "missing" });
  });
});
