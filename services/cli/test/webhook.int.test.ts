import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectStore, type StoreConnection, seedExampleData } from "@openticket/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { operatorOf } from "./support/opentickets.ts";

const database = uniqueName("cli-webhook");
let store: StoreConnection;
let folder: string;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(database), appName: "test", serverSelectionTimeoutMs: 5000 });
  await seedExampleData(store);
  folder = await mkdtemp(join(tmpdir(), "openticket-cli-webhook-"));
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const { opentickets, asJson } = operatorOf(() => database);

async function file(content: unknown): Promise<string> {
  const path = join(folder, `${uniqueName("source")}.json`);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("opentickets webhook", () => {
  it("makes a source from a file, shows it without its secrets, turns it off and on, replaces and removes it", async () => {
    expect((await opentickets("webhook", "set", "forge", await file({ kind: "github" }))).out).toContain("forge is made; its provider calls /webhooks/forge");
    const { newSecret } = await asJson("webhook", "secret", "add", "forge", "--generate");
    expect(newSecret).toEqual({ id: expect.stringMatching(/^sec_/), secret: expect.stringMatching(/^[\w-]{43}$/) });

    expect(await asJson("webhook", "list")).toMatchObject([{ name: "forge", kind: "github", isEnabled: true, secrets: [{ id: newSecret.id }] }]);
    const shown = [await opentickets("webhook", "show", "forge"), await opentickets("webhook", "list"), await opentickets("webhook", "list", "--json")];
    for (const { code, out } of shown)
      expect([code, out.includes("forge"), out.includes(newSecret.secret), out.includes("sealed")]).toEqual([0, true, false, false]);

    expect((await asJson("webhook", "disable", "forge")).isEnabled).toBe(false);
    expect((await asJson("webhook", "enable", "forge")).isEnabled).toBe(true);
    expect(await asJson("webhook", "set", "forge", await file({ kind: "github", correlation: null }))).toMatchObject({ correlation: null, secrets: [{}] });
    expect((await opentickets("webhook", "remove", "forge")).code).toBe(0);
    expect((await opentickets("webhook", "show", "forge")).err).toContain("There is no source forge");
    expect((await opentickets("webhook", "list")).out).toContain("No sources of webhooks");
  });

  it("takes the body of a POST as well, with the name and the first secret in it", async () => {
    const path = await file({ name: "hook", kind: "github", secret: "as in the hook" });
    expect((await opentickets("webhook", "set", "other", path)).err).toContain("is for the source hook, not for other");
    expect((await asJson("webhook", "set", "hook", path)).newSecret.secret).toBe("as in the hook");
    expect((await opentickets("webhook", "set", "hook", path)).err).toContain("secret: there is no such field");
    await opentickets("webhook", "remove", "hook");
  });

  it("changes a secret without a gap, and prints it once", async () => {
    await opentickets("webhook", "set", "shop", await file({ kind: "stripe" }));
    const { out } = await opentickets("webhook", "secret", "add", "shop", "--secret", "whsec_one");
    expect(out).toMatch(/secret {2}whsec_one\nid {6}sec_\w+\n\nThe secret is not shown again/);
    const { secrets } = await asJson("webhook", "secret", "add", "shop", "--secret", "whsec_two", "--expire-others", "24h");
    expect(Date.parse(secrets[0].expiresAt) - Date.now()).toBeGreaterThan(86_000_000);
    expect((await asJson("webhook", "secret", "remove", "shop", secrets[0].id)).secrets).toHaveLength(1);
    expect((await opentickets("webhook", "secret", "remove", "shop", secrets[0].id)).err).toContain("no such secret");
  });

  it.each<[string, string[], RegExp, number]>([
    ["a secret that only the provider makes", ["secret", "add", "shop", "--generate"], /give it here/, 1],
    ["no secret at all", ["secret", "add", "shop"], /--secret, or have one made by --generate/, 2],
    ["two ways to a secret", ["secret", "add", "shop", "--secret", "x", "--generate"], /Either/, 2],
    ["a time that is none", ["secret", "add", "shop", "--secret", "x", "--expire-others", "soon"], /24h, 30m or 0s/, 2],
    ["a source that is not there", ["enable", "nobody"], /no source nobody/, 1],
    ["a file that is not there", ["set", "x", "/nowhere.json"], /cannot be read: ENOENT/, 1],
    ["nothing", [], /Name what to do/, 2],
  ])("says what is wrong with %s", async (_what, args, words, code) => {
    const said = await opentickets("webhook", ...args);
    expect([said.code, said.err]).toEqual([code, expect.stringMatching(words)]);
  });

  it("says every fault of a definition, and makes nothing of it", async () => {
    const { code, err } = await opentickets(
      "webhook",
      "set",
      "bad",
      await file({ kind: "json", settings: { idPointer: "x" }, mapping: { ticket: { subject: "(" } } }),
    );
    expect(code).toBe(1);
    for (const path of ["settings.idPointer", "mapping.ticket.subject", "mapping.ticket.message"]) expect(err).toContain(`${path}: `);
    expect((await opentickets("webhook", "set", "bad", await file("[1"))).err).toContain("is not a JSON object");
    expect((await opentickets("webhook", "show", "bad")).code).toBe(1);
  });
});
