import { importReferenceData } from "@openticket/store";
import { afterEach, describe, expect, it } from "vitest";
import { callJson, type Fields } from "../support/api-php.ts";
import { postTicket, rest } from "../support/rest.ts";
import { type Stack, startStack } from "../support/stack.ts";

const TICKET: Fields = { deptid: "1", clientid: "1", subject: "Access", message: "m" };
const OPENED = { status: 200, result: "success" };

let stack: Stack;
const withDoor = async (env: Record<string, string>) => {
  stack = await startStack({ env });
};
afterEach(() => stack.stop());

const refused = (ip: string) => ({ status: 403, result: "error", message: `Invalid IP ${ip}` });

describe("addresses that may call", () => {
  it.each(["127.0.0.1", "127.0.0.0/8", "10.0.0.1, ::1, 127.0.0.1/32", "::ffff:127.0.0.1"])("%s lets this machine in", async (ranges) => {
    await withDoor({ HTTP_ALLOWED_IPS: ranges });
    expect(await callJson(stack, TICKET)).toMatchObject(OPENED);
  });

  it.each(["10.0.0.0/8", "126.0.0.0/8", "2001:db8::/32"])("%s does not", async (ranges) => {
    await withDoor({ HTTP_ALLOWED_IPS: ranges });
    expect(await callJson(stack, TICKET)).toMatchObject(refused("127.0.0.1"));
    expect((await postTicket(stack, TICKET)).status).toBe(403);
  });

  it("an access key excuses a foreign address, a wrong one does not", async () => {
    await withDoor({ HTTP_ALLOWED_IPS: "10.0.0.0/8", HTTP_ACCESS_KEYS: "sesame" });
    expect(await callJson(stack, { ...TICKET, accesskey: "sesame" })).toMatchObject(OPENED);
    expect(await callJson(stack, { ...TICKET, accesskey: "simsim" })).toMatchObject(refused("127.0.0.1"));
    expect((await postTicket(stack, TICKET, { "x-access-key": "sesame" })).status).toBe(201);
  });

  it("a credential has ranges of its own", async () => {
    await withDoor({});
    expect(await callJson(stack, { ...TICKET, ...(await addOffice()) })).toMatchObject(refused("127.0.0.1"));
  });
});

describe("an access key that comes last", () => {
  const LARGE = { ...TICKET, message: "m".repeat(200_000) };
  const KEYS = { HTTP_ACCESS_KEYS: "sesame" };
  const FOREIGN = { ...KEYS, HTTP_ALLOWED_IPS: "10.0.0.0/8" };

  it("excuses a foreign address, a wrong one does not, nor does none", async () => {
    await withDoor(FOREIGN);
    expect(await callJson(stack, { ...LARGE, accesskey: "sesame" })).toMatchObject(OPENED);
    expect(await callJson(stack, { ...LARGE, accesskey: "simsim" })).toMatchObject(refused("127.0.0.1"));
    expect(await callJson(stack, LARGE)).toMatchObject(refused("127.0.0.1"));
  });

  it("excuses one that is foreign to the credential", async () => {
    await withDoor(KEYS);
    const office = await addOffice();
    expect(await callJson(stack, { ...LARGE, ...office, accesskey: "sesame" })).toMatchObject(OPENED);
    expect(await callJson(stack, { ...LARGE, ...office })).toMatchObject(refused("127.0.0.1"));
  });

  it("comes behind files as well, of which nothing stays without it", async () => {
    await withDoor(FOREIGN);
    const withFile = async (accesskey: string) => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ action: "OpenTicket", responsetype: "json", ...stack.credentials, ...TICKET })) form.append(name, value);
      form.append("attachments[]", new Blob(["x".repeat(300_000)]), "a.txt");
      form.append("accesskey", accesskey);
      const response = await fetch(`${stack.httpUrl}/includes/api.php`, { method: "POST", body: form });
      return { status: response.status, ...((await response.json()) as object) };
    };
    expect(await withFile("simsim")).toMatchObject(refused("127.0.0.1"));
    expect(await stack.store.db.collection("blobs").countDocuments()).toBe(0);
    expect(await withFile("sesame")).toMatchObject(OPENED);
  });

  it("may stand behind what is wrong with a body, which is told then", async () => {
    await withDoor(FOREIGN);
    const body = `{"action":"OpenTicket","responsetype":"json","identifier":"tester","secret":"${stack.credentials.secret}",,"accesskey":"sesame"}`;
    expect(await callJson(stack, {}, { body, headers: { "content-type": "application/json" } })).toMatchObject({ status: 400, result: "error" });
  });
});

async function addOffice() {
  const office = { identifier: "office", secret: "a long secret" };
  const rows = [{ ...office, allowedIps: ["10.0.0.0/8"] }];
  await importReferenceData(stack.store, [{ name: "credentials.json", text: JSON.stringify(rows) }]);
  return office;
}

describe("proxies", () => {
  const FORWARDED = { headers: { "x-forwarded-for": "10.1.2.3" } };

  it("a trusted one says who calls", async () => {
    await withDoor({ HTTP_ALLOWED_IPS: "10.0.0.0/8", HTTP_TRUSTED_PROXIES: "127.0.0.1" });
    expect(await callJson(stack, TICKET, FORWARDED)).toMatchObject(OPENED);
    const ticket = await stack.store.db.collection("tickets").findOne({});
    expect(ticket?.source.ip).toBe("10.1.2.3");
  });

  it("anybody else's word is not taken", async () => {
    await withDoor({ HTTP_ALLOWED_IPS: "10.0.0.0/8" });
    expect(await callJson(stack, TICKET, FORWARDED)).toMatchObject(refused("127.0.0.1"));
  });

  it.each(["10.1.2.3:4711", "10.9.9.9, 10.1.2.3:4711", "[2001:db8::7]:80"])("a trusted proxy may name the client's port as well: %s", async (forwarded) => {
    await withDoor({ HTTP_ALLOWED_IPS: "10.1.0.0/16,2001:db8::/32", HTTP_TRUSTED_PROXIES: "127.0.0.1" });
    expect(await callJson(stack, TICKET, { headers: { "x-forwarded-for": forwarded } })).toMatchObject({ result: "success" });
  });

  it("what a caller wrote before the trusted proxy's own entry is not taken either", async () => {
    await withDoor({ HTTP_ALLOWED_IPS: "10.0.0.0/8", HTTP_TRUSTED_PROXIES: "127.0.0.1" });
    const spoofed = { headers: { "x-forwarded-for": "10.1.2.3, 203.0.113.9" } };
    expect(await callJson(stack, TICKET, spoofed)).toMatchObject(refused("203.0.113.9"));
  });
});

describe("GET", () => {
  const query = () => new URLSearchParams({ action: "OpenTicket", responsetype: "json", ...stack.credentials, ...(TICKET as Record<string, string>) });

  it("is refused, because it puts the secret into the URL", async () => {
    await withDoor({});
    const { status, headers } = await rest(stack, "GET", `/includes/api.php?${query()}`);
    expect([status, headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("is served where it is allowed", async () => {
    await withDoor({ HTTP_ALLOW_GET: "true" });
    const { status, body } = await rest(stack, "GET", `/includes/api.php?${query()}`);
    expect([status, body.result]).toEqual([200, "success"]);
    expect((await rest(stack, "PUT", "/includes/api.php")).headers.get("allow")).toBe("GET, POST");
  });
});
