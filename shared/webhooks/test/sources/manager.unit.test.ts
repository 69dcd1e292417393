import type { WebhookSource } from "@openticket/contract";
import { beforeEach, describe, expect, test } from "vitest";
import { type Changed, makeSecretBox, makeSourceManager, type SourceManager, type SourceStore } from "../../src/index.ts";
import { NOW } from "../calls.ts";

const box = makeSecretBox(Buffer.alloc(32, 1).toString("base64"));
let kept: Map<string, WebhookSource>;
let nowMs: number;
let manager: SourceManager;
/** Called before a replacement, as somebody else's change would come in between. */
let meanwhile: () => void;

beforeEach(() => {
  kept = new Map();
  nowMs = NOW.getTime();
  meanwhile = () => undefined;
  let ids = 0;
  const find = async (address: string) => (address.toLowerCase() === "support@example.test" ? { address: "support@example.test" } : undefined);
  manager = makeSourceManager({ sources: memorySources(), mailboxes: { find }, box, now: () => new Date(nowMs), newId: () => `sec_${++ids}` });
});

function memorySources(): SourceStore {
  return {
    find: async (name) => kept.get(name),
    all: async () => [...kept.values()],
    create: async (source) => !kept.has(source._id) && kept.set(source._id, source) !== undefined,
    async replace({ _id, updatedAt }, next) {
      meanwhile();
      if (kept.get(_id)?.updatedAt.getTime() !== updatedAt.getTime()) return false;
      kept.set(_id, next);
      return true;
    },
    remove: async (name) => kept.delete(name),
  };
}

const faultsOf = (changed: Changed) => (changed.kind === "faulty" ? Object.fromEntries(changed.faults.map(({ path, message }) => [path, message])) : changed);
const secretsOf = (name: string) => kept.get(name)?.secrets.map(({ sealed }) => box.open(sealed));
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

describe("a new source", () => {
  test("has the defaults of its kind, and its secret sealed", async () => {
    const made = await manager.create({ name: "billing", kind: "standard-webhooks", secret: WHSEC });
    expect(made).toMatchObject({ kind: "done", secret: { id: "sec_1", secret: WHSEC } });
    expect(kept.get("billing")).toMatchObject({ isEnabled: true, settings: { toleranceSeconds: 300 }, createdAt: NOW, updatedAt: NOW });
    expect(JSON.stringify(kept.get("billing"))).not.toContain(WHSEC);
    expect(secretsOf("billing")).toEqual([WHSEC]);
  });

  test("gets a secret made where its kind lets us choose it", async () => {
    const made = await manager.create({ name: "forge", kind: "github", generateSecret: true });
    expect(made.kind === "done" && made.secret?.secret).toMatch(/^[\w-]{43}$/);
    expect(faultsOf(await manager.create({ name: "shop", kind: "stripe", generateSecret: true }))).toHaveProperty("generateSecret");
  });

  test("of a name that is taken is none", async () => {
    await manager.create({ name: "a", kind: "github" });
    expect(await manager.create({ name: "a", kind: "json" })).toEqual({ kind: "exists" });
  });

  test("says every fault at once, with its path", async () => {
    const given = {
      name: "Not a name",
      kind: "json",
      settings: { authentication: "none", more: 1 },
      mailbox: "nobody@example.test",
      mapping: { ticket: { subject: "(", massage: "a" } },
      correlation: { key: ")", windowSeconds: 60 },
      isEnabled: "yes",
      extra: true,
      secret: 5,
    };
    expect(Object.keys(faultsOf(await manager.create(given)) as object).sort()).toEqual(
      [
        ...["correlation.key", "extra", "isEnabled", "mailbox", "mapping.ticket.massage", "mapping.ticket.message", "mapping.ticket.subject"],
        ...["name", "secret", "settings.authentication", "settings.more"],
      ].sort(),
    );
    expect(kept.size).toBe(0);
  });

  test.each([
    [{ name: "a", kind: "fax" }, "kind"],
    [{ name: "a", kind: "github", mailbox: "support@example.test" }, "mailbox"],
    [{ name: "a", kind: "mailgun", mapping: { ticket: { subject: "a", message: "b" } } }, "mapping"],
    [{ name: "a", kind: "mailgun", mailbox: "elsewhere@example.test" }, "mailbox"],
    [{ name: "a", kind: "standard-webhooks", secret: "no base64!" }, "secret"],
    [{ name: "a", kind: "alertmanager", settings: { authentication: "basic" }, secret: "no colon" }, "secret"],
    [{ name: "a", kind: "github", secret: "x", generateSecret: true }, "generateSecret"],
  ])("is refused: %j", async (given, path) => {
    expect(faultsOf(await manager.create(given))).toEqual({ [path]: expect.any(String) });
  });

  test.each([undefined, null, [], "text", 5])("is no %j", async (given) => {
    expect((await manager.create(given)).kind).toBe("faulty");
  });

  test("of mails has its mailbox in the form that it is known by", async () => {
    await manager.create({ name: "mail", kind: "postmark", mailbox: "Support@Example.test", generateSecret: true });
    expect(kept.get("mail")?.mailbox).toBe("support@example.test");
  });
});

describe("a change", () => {
  beforeEach(async () => {
    await manager.create({ name: "a", kind: "gitlab", secret: "a plain token" });
  });

  test("replaces everything but name, secrets and the time of the beginning, and is later than the one before", async () => {
    await manager.replace("a", { kind: "gitlab", isEnabled: false, correlation: null });
    expect(kept.get("a")).toMatchObject({ isEnabled: false, correlation: null, createdAt: NOW, secrets: [{ id: "sec_1" }] });
    expect(kept.get("a")?.updatedAt.getTime()).toBe(NOW.getTime() + 1);
  });

  test("of what was changed since it was seen is none", async () => {
    await manager.setEnabled("a", false);
    expect(await manager.replace("a", { kind: "gitlab" }, NOW)).toEqual({ kind: "conflict" });
    expect(kept.get("a")?.isEnabled).toBe(false);
  });

  test("goes on top of another one that came in between", async () => {
    let others = 1;
    meanwhile = () => {
      const before = kept.get("a");
      if (before && others-- > 0) kept.set("a", { ...before, correlation: null, updatedAt: new Date(nowMs + 50) });
    };
    expect((await manager.setEnabled("a", false)).kind).toBe("done");
    expect(kept.get("a")).toMatchObject({ isEnabled: false, correlation: null });
  });

  test("that leaves a secret which no longer fits, or changes the kind, is refused", async () => {
    expect(faultsOf(await manager.replace("a", { kind: "gitlab", settings: { authentication: "signature" } }))).toEqual({
      settings: expect.stringContaining("sec_1"),
    });
    expect(faultsOf(await manager.replace("a", { kind: "github" }))).toHaveProperty("kind");
  });

  test("of what is not there is none", async () => {
    for (const changed of [manager.replace("b", {}), manager.setEnabled("b", true), manager.addSecret("b", 5), manager.removeSecret("a", "sec_9")])
      expect(await changed).toEqual({ kind: "missing" });
  });
});

describe("secrets", () => {
  beforeEach(async () => {
    await manager.create({ name: "a", kind: "github", secret: "first" });
  });

  test("are several at once, until one is removed", async () => {
    expect(await manager.addSecret("a", { secret: "second" })).toMatchObject({ secret: { id: "sec_2", secret: "second" } });
    expect(secretsOf("a")).toEqual(["first", "second"]);
    await manager.removeSecret("a", "sec_1");
    expect(secretsOf("a")).toEqual(["second"]);
  });

  test("that a new one follows expire when they are told to, never later than before, and are forgotten then", async () => {
    await manager.addSecret("a", { secret: "second", expireOthersInSeconds: 60 });
    await manager.addSecret("a", { secret: "third", expireOthersInSeconds: 600 });
    const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
    expect(kept.get("a")?.secrets.map(({ expiresAt }) => expiresAt)).toEqual([at(60), at(600), undefined]);
    nowMs += 60_000;
    await manager.addSecret("a", { secret: "fourth" });
    expect(secretsOf("a")).toEqual(["second", "third", "fourth"]);
  });

  test("are made where none is given, and are no more than ten", async () => {
    for (let made = 2; made <= 10; made++) expect((await manager.addSecret("a", undefined)).kind).toBe("done");
    expect(faultsOf(await manager.addSecret("a", {}))).toEqual({ secret: expect.stringContaining("at most 10") });
    expect(new Set(secretsOf("a")).size).toBe(10);
  });

  test.each([{ secret: "" }, { secret: 1 }, { secrets: "x" }, { expireOthersInSeconds: -1 }, { expireOthersInSeconds: 1e12 }])("are not %j", async (given) => {
    expect((await manager.addSecret("a", given)).kind).toBe("faulty");
  });
});
