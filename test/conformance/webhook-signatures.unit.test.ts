import { sign as githubSign } from "@octokit/webhooks-methods";
import { sourceKind, type WebhookCall } from "@openticket/webhooks";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";
import { describe, expect, it } from "vitest";

/** Signatures that the providers' own libraries make, and values that their documentation prints. */
const NOW = new Date("2026-11-26T12:00:00Z");
const YEARS_S = 100 * 366 * 86_400;

async function verdictOf(name: Parameters<typeof sourceKind>[0], call: Partial<WebhookCall>, secret: string, settings: object = {}): Promise<string> {
  const kind = sourceKind(name);
  if (!kind) throw new Error(`${name} is not served`);
  const whole: WebhookCall = { method: "POST", url: "https://x.test/", headers: {}, ip: "192.0.2.1", body: Buffer.alloc(0), receivedAt: NOW, ...call };
  const deps = { fetch: () => Promise.reject(new Error("nothing is to be fetched")) };
  return (await kind.verify(whole, { name: "s", settings: kind.settings.parse(settings), secrets: [secret] }, deps)).kind;
}

describe("calls that are signed by the providers' libraries", () => {
  it("Standard Webhooks", async () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const body = '{"ü": 1}';
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(NOW.getTime() / 1000),
      "webhook-signature": new Webhook(secret).sign("msg_1", NOW, body),
    };
    expect(await verdictOf("standard-webhooks", { body: Buffer.from(body), headers }, secret)).toBe("verified");
    expect(await verdictOf("gitlab", { body: Buffer.from(body), headers }, secret, { authentication: "signature" })).toBe("verified");
    expect(await verdictOf("standard-webhooks", { body: Buffer.from(`${body} `), headers }, secret)).toBe("refused");
  });

  it("Stripe", async () => {
    const [secret, payload] = ["whsec_test_secret", '{"id": "evt_1", "object": "event"}'];
    const timestamp = NOW.getTime() / 1000;
    const header = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
    const headers = { "stripe-signature": header };
    expect(await verdictOf("stripe", { body: Buffer.from(payload), headers }, secret)).toBe("verified");
    expect(await verdictOf("stripe", { body: Buffer.from(payload), headers }, "whsec_other")).toBe("refused");
  });

  it("GitHub", async () => {
    const [secret, payload] = ["s3cret", '{"action":"opened","ü":"→"}'];
    const headers = { "x-hub-signature-256": await githubSign(secret, payload) };
    expect(await verdictOf("github", { body: Buffer.from(payload), headers }, secret)).toBe("verified");
    expect(await verdictOf("github", { body: Buffer.from(payload.replace("opened", "closed")), headers }, secret)).toBe("refused");
  });
});

describe("calls that the documentation prints", () => {
  it("Standard Webhooks", async () => {
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const call = { body: Buffer.from('{"test": 2432232314}'), headers };
    expect(await verdictOf("standard-webhooks", call, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", { toleranceSeconds: YEARS_S })).toBe("verified");
  });

  it("GitHub", async () => {
    const headers = { "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" };
    expect(await verdictOf("github", { body: Buffer.from("Hello, World!"), headers }, "It's a Secret to Everybody")).toBe("verified");
  });

  it("Slack", async () => {
    const fields = [
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar",
      "user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=",
      "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN",
      "trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    ];
    const headers = {
      "x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    };
    const call = { body: Buffer.from(fields.join("&")), headers };
    expect(await verdictOf("slack", call, "8f742231b10e8888abcd99yyyzzz85a5", { toleranceSeconds: YEARS_S })).toBe("verified");
  });
});
