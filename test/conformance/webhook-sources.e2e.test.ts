import { importReferenceData } from "@openticket/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { rest } from "../support/rest.ts";
import { uniqueName } from "../support/servers.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { callWebhook, recordsOf, signedStandard } from "../support/webhook-calls.ts";

const PATH = "/v1/webhook-sources";
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

let stack: Stack;
let name: string;
beforeAll(async () => {
  stack = await startStack({ withWorker: false, env: { HTTP_PUBLIC_URL: "https://tickets.example.com/in/" } });
  const rows = [
    { identifier: "manager", secret: "a long secret", permissions: ["managewebhooks"] },
    { identifier: "caller", secret: "a long secret" },
  ];
  await importReferenceData(stack.store, [{ name: "credentials.json", text: JSON.stringify(rows) }]);
});
afterAll(() => stack.stop());
beforeEach(() => {
  name = uniqueName("source");
});

const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  rest(stack, method, path, { ...(body !== undefined && { body: JSON.stringify(body) }), headers });
const as = (identifier: string) => ({ ...stack, credentials: { identifier, secret: "a long secret" } });
const callSigned = (secret: string, id: string) => callWebhook(stack, name, { body: "{}", headers: signedStandard(secret, id, "{}") });

describe("a source", () => {
  it("is set up, shown, changed and removed, and never shows a secret but the once", async () => {
    const made = await send("POST", PATH, { name, kind: "standard-webhooks", secret: WHSEC });
    expect([made.status, made.headers.get("location")]).toEqual([201, `${PATH}/${name}`]);
    expect(made.body).toMatchObject({
      name,
      url: `https://tickets.example.com/in/webhooks/${name}`,
      isEnabled: true,
      settings: { toleranceSeconds: 300 },
      newSecret: { secret: WHSEC },
      secrets: [{ id: expect.stringMatching(/^sec_/) }],
    });
    expect((await callSigned(WHSEC, "m1")).status).toBe(200);

    const shown = [await send("GET", `${PATH}/${name}`), await send("GET", PATH)];
    const changed = await send("PUT", `${PATH}/${name}`, { kind: "standard-webhooks", isEnabled: false, settings: { toleranceSeconds: 60 } });
    expect(changed.body).toMatchObject({ isEnabled: false, settings: { toleranceSeconds: 60 }, secrets: [{}] });
    for (const { body } of [...shown, changed]) expect(JSON.stringify(body)).not.toMatch(/whsec_|sealed|MfKQ9/);
    expect(shown[1]?.body.sources).toContainEqual(expect.objectContaining({ name }));
    expect((await callSigned(WHSEC, "m2")).status).toBe(404);

    expect((await send("DELETE", `${PATH}/${name}`)).status).toBe(204);
    for (const method of ["GET", "DELETE"]) expect((await send(method, `${PATH}/${name}`)).status).toBe(404);
    expect(await recordsOf(stack, name)).toHaveLength(1);
  });

  it("changes its secret without a gap", async () => {
    const made = await send("POST", PATH, { name, kind: "standard-webhooks", generateSecret: true });
    const first = (made.body.newSecret as { id: string; secret: string }) ?? {};
    const { status, body } = await send("POST", `${PATH}/${name}/secrets`, { expireOthersInSeconds: 3600 });
    expect([status, body.secrets]).toEqual([201, [{ id: first.id, createdAt: expect.any(String), expiresAt: expect.any(String) }, expect.anything()]]);
    const second = (body.newSecret as { secret: string }).secret;
    for (const secret of [first.secret, second]) expect((await callSigned(secret, "a")).status).toBe(200);
    expect((await send("DELETE", `${PATH}/${name}/secrets/${first.id}`)).status).toBe(204);
    expect((await callSigned(first.secret, "c")).status).toBe(401);
    expect((await send("DELETE", `${PATH}/${name}/secrets/${first.id}`)).status).toBe(404);
  });

  it("has every fault said at once, with its path", async () => {
    const { status, body } = await send("POST", PATH, {
      name,
      kind: "json",
      settings: { idPointer: "id" },
      mapping: { ticket: { subject: "(", message: "m" } },
      mailbox: "nobody@example.test",
      colour: "red",
    });
    expect(status).toBe(422);
    expect(body.errors?.map(({ code, field }) => `${code} ${field}`).sort()).toEqual(
      ["invalid colour", "invalid mailbox", "invalid mailbox", "invalid mapping.ticket.subject", "invalid settings.idPointer"].sort(),
    );
  });

  it("is not made twice, and not replaced when it was changed since it was seen", async () => {
    await send("POST", PATH, { name, kind: "github" });
    expect((await send("POST", PATH, { name, kind: "github" })).status).toBe(409);
    const etag = (await send("GET", `${PATH}/${name}`)).headers.get("etag") ?? "";
    expect((await send("PUT", `${PATH}/${name}`, { kind: "github" }, { "if-match": etag })).status).toBe(200);
    for (const seen of [etag, '"0"', "x"]) expect((await send("PUT", `${PATH}/${name}`, { kind: "github" }, { "if-match": seen })).status).toBe(412);
  });

  it("is managed only with the permission for it", async () => {
    expect((await rest(as("manager"), "GET", PATH)).status).toBe(200);
    for (const [method, path] of [
      ["GET", PATH],
      ["POST", PATH],
      ["PUT", `${PATH}/x`],
      ["DELETE", `${PATH}/x`],
      ["POST", `${PATH}/x/secrets`],
      ["DELETE", `${PATH}/x/secrets/y`],
    ] as const) {
      expect((await rest(as("caller"), method, path)).status).toBe(403);
      expect((await rest(as("nobody"), method, path)).status).toBe(401);
    }
  });

  it.each([
    ["no JSON", 400, "{"],
    ["no UTF-8", 400, new Uint8Array([0x22, 0xff, 0x22])],
    ["too much", 413, `"${"x".repeat(600_000)}"`],
    ["what is nested without end", 400, `{"settings":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
    ["nothing", 422, ""],
    ["a list", 422, "[]"],
  ])("is not made of %s", async (_what, status, body) => {
    expect((await rest(stack, "POST", PATH, { body })).status).toBe(status);
  });
});

it("every example of the document is taken as it stands", async () => {
  const { body } = await rest(stack, "GET", "/openapi.json");
  const operations = body.paths as Record<
    string,
    Record<string, { requestBody: { content: Record<string, { examples: Record<string, { value: object }> }> } }>
  >;
  const examples = Object.values(operations[PATH]?.post?.requestBody.content["application/json"]?.examples ?? {});
  expect(examples.length).toBeGreaterThan(2);
  for (const { value } of examples) expect((await send("POST", PATH, value)).body).toMatchObject({ name: expect.any(String), newSecret: expect.anything() });
});
