import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../src/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "webhook-try-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** Without any database to find. */
async function opentickets(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const into = (where: "out" | "err") => ({
    write(text: string) {
      said[where] += text;
    },
  });
  const code = await runCli(args, { env: { DATA_DIR: "/nonexistent" }, out: into("out"), err: into("err"), columns: 120 });
  return { code, ...said };
}

const DEFAULTS = { deptid: 1, name: "Forge", email: "forge@example.test" };
const ISSUE = {
  action: "opened",
  repository: { full_name: "example/app" },
  issue: { number: 7, title: "It burns", updated_at: "2026-11-01T12:00:00Z", body: "On fire.", html_url: "https://forge.example/7", user: { login: "ada" } },
};

async function tryIt(definition: object, event: unknown, ...more: string[]) {
  return opentickets("webhook", "try", "forge", await file("event.json", event), "--definition", await file("definition.json", definition), ...more);
}

describe("opentickets webhook try", () => {
  it("prints the ticket and its correlation key, with the preset of its kind and headers from a file", async () => {
    const headers = await file("headers", "X-GitHub-Event: issues\nContent-Type: application/json\n");
    const { code, out } = await tryIt({ kind: "github", defaults: DEFAULTS }, ISSUE, "--headers", headers, "--json");
    expect(JSON.parse(out)).toEqual({
      outcome: "ticket",
      ticket: {
        deptid: 1,
        subject: "[example/app] It burns (#7)",
        message: "On fire.\nhttps://forge.example/7",
        name: "ada",
        email: "forge@example.test",
        priority: "Medium",
        noemail: true,
      },
      missing: [],
      correlation: { key: "example/app#7", happenedAt: "2026-11-01T12:00:00.000Z", windowSeconds: 7_948_800, onResolved: "close", afterResolved: "reopen" },
    });
    expect(code).toBe(0);
  });

  it("reads headers as JSON, and what a definition for the REST API holds beside", async () => {
    const headers = await file("headers.json", { "X-GitHub-Event": "push" });
    const { code, out } = await tryIt({ name: "forge", secret: "s", kind: "github" }, ISSUE, "--headers", headers);
    expect(out).toContain("unwanted");
    expect(code).toBe(0);
  });

  it("says what a ticket would be refused for", async () => {
    const { code, out } = await tryIt({ kind: "json" }, { subject: "It burns", message: "m" });
    expect(out).toContain("defaults.deptid is not set");
    expect(out).toContain("neither the mapping nor defaults yield name and email");
    expect(code).toBe(1);
  });

  it("says why an event would be quarantined", async () => {
    const mapping = { ticket: { subject: "$number(title)", message: '"m"' } };
    const failed = await tryIt({ kind: "json", mapping, defaults: DEFAULTS }, { title: "It burns" });
    expect(failed).toMatchObject({ code: 1, out: expect.stringMatching(/failed[\s\S]*mapping\.ticket\.subject: /) });
    expect(await tryIt({ kind: "json" }, '{"a":1,"a":2}')).toMatchObject({ code: 1, out: expect.stringContaining("stands twice") });
  });

  it("says what an event does that says it is over", async () => {
    const { code, out } = await tryIt({ kind: "alertmanager" }, { status: "resolved", groupKey: "g", alerts: [] });
    expect(out).toContain("it closes the ticket of its key");
    expect(code).toBe(0);
  });

  it("says every fault of a definition", async () => {
    const { code, err } = await tryIt({ kind: "json", mapping: { ticket: { subject: "(", message: "m" } }, correlation: { key: "a.(", windowSeconds: 1 } }, {});
    expect(err).toMatch(/mapping\.ticket\.subject: no JSONata/);
    expect(err).toMatch(/correlation\.key: no JSONata/);
    expect(code).toBe(1);
  });

  it("refuses kinds that bring mails, and files that are not there", async () => {
    expect(await tryIt({ kind: "postmark" }, {})).toMatchObject({ code: 1, err: expect.stringContaining("brings mails") });
    expect(await opentickets("webhook", "try", "x", join(folder, "none.json"))).toMatchObject({ code: 1, err: expect.stringContaining("ENOENT") });
  });
});
