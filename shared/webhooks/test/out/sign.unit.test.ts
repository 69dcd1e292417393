import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Webhook } from "../../../../test/support/standard-webhooks.ts";
import { SECRET_BYTES, secretOf, signedHeaders } from "../../src/out/sign.ts";

const [first, second, foreign] = [1, 2, 3].map(() => secretOf(randomBytes(SECRET_BYTES))) as [string, string, string];
const BODY = '{"type":"ticket.opened","data":{"subject":"Grüße ✓"}}';
const sign = (secrets: string[], at = new Date()) => signedHeaders(secrets, { id: "evt_1", at, body: BODY });

describe("a signed call", () => {
  it("is verified by the official library with each of its secrets, and with no other", () => {
    const headers = sign([first, second]);
    for (const secret of [first, second]) expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(foreign).verify(BODY, headers)).toThrow(/signature/i);
  });

  it("is refused by it when a byte of the body, the id or the time is another", () => {
    const headers = sign([first]);
    const library = new Webhook(first);
    expect(() => library.verify(BODY.replace("opened", "Opened"), headers)).toThrow();
    expect(() => library.verify(BODY, { ...headers, "webhook-id": "evt_2" })).toThrow();
    expect(() => library.verify(BODY, { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) })).toThrow();
  });

  it("carries the second of the try, so that a receiver refuses a recorded one", () => {
    expect(sign([first], new Date("2026-01-01T00:00:00.900Z"))["webhook-timestamp"]).toBe("1767225600");
    expect(() => new Webhook(first).verify(BODY, sign([first], new Date(Date.now() - 600_000)))).toThrow(/old/);
  });

  it("is signed as the library signs", () => {
    const at = new Date("2026-01-01T00:00:00Z");
    expect(sign([first], at)["webhook-signature"]).toBe(new Webhook(first).sign("evt_1", at, BODY));
  });
});
