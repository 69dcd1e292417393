import { createHmac, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HelpDesk, startHelpDesk } from "../support/help-desk.ts";
import { until } from "../support/until.ts";
import { callWebhook, recordsOf, setUpSource, type WebhookAnswer } from "../support/webhook-calls.ts";

const PUBLIC_URL = "https://tickets.example.com";
const KEY = "a-key-of-the-provider";
const LOGIN = "openticket:a-long-password";
const login = { authorization: `Basic ${Buffer.from(LOGIN).toString("base64")}` };

let desk: HelpDesk;
beforeAll(async () => {
  desk = await startHelpDesk({ HTTP_PUBLIC_URL: PUBLIC_URL });
  await setUpSource(desk, { name: "mailgun", kind: "mailgun", secret: KEY });
  await setUpSource(desk, { name: "sendgrid", kind: "sendgrid", secret: LOGIN });
  await setUpSource(desk, { name: "postmark", kind: "postmark", secret: LOGIN });
  await setUpSource(desk, { name: "mandrill", kind: "mandrill", secret: KEY });
  await setUpSource(desk, { name: "catch-all", kind: "postmark", secret: LOGIN, mailbox: "sales@example.test" });
});
afterAll(() => desk.stop());

const mailOf = (id: string) =>
  [
    "From: Gus Guest <gus@guest.example>",
    "To: support@example.test",
    `Subject: Smoke ${id}`,
    `Message-ID: <${id}@guest.example>`,
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt burns. Grüße\r\n",
    '--b\r\nContent-Type: text/csv; name="a.csv"\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\na,b\r\n\r\n--b--\r\n',
  ].join("\r\n");

function mailgunForm(raw: string, to: string, token: string): URLSearchParams {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", KEY).update(timestamp).update(token).digest("hex");
  return new URLSearchParams({ timestamp, token, signature, recipient: to, sender: "gus@guest.example", "body-mime": raw });
}

/** The same mail, as each provider hands it on whole. */
const HAND_OVER: Record<string, (raw: string, to: string) => Promise<WebhookAnswer>> = {
  mailgun: (raw, to) => callWebhook(desk, "mailgun/mime", { body: mailgunForm(raw, to, randomBytes(8).toString("hex")) }),
  async sendgrid(raw, to) {
    const body = new FormData();
    body.set("email", raw);
    body.set("envelope", JSON.stringify({ to: [to], from: "gus@guest.example" }));
    return callWebhook(desk, "sendgrid", { body, headers: login });
  },
  async postmark(raw, to) {
    const Headers = [{ Name: "Return-Path", Value: "<gus@guest.example>" }];
    const mail = { MessageID: randomBytes(16).toString("hex"), From: "gus@guest.example", OriginalRecipient: to, Headers, RawEmail: raw };
    return callWebhook(desk, "postmark", { body: JSON.stringify(mail), headers: { ...login, "content-type": "application/json" } });
  },
  async mandrill(raw, to) {
    const events = JSON.stringify([{ event: "inbound", ts: 1, msg: { raw_msg: raw, email: to, sender: "gus@guest.example" } }]);
    const signature = createHmac("sha1", KEY).update(`${PUBLIC_URL}/webhooks/mandrill`).update("mandrill_events").update(events).digest("base64");
    return callWebhook(desk, "mandrill", { body: new URLSearchParams({ mandrill_events: events }), headers: { "x-mandrill-signature": signature } });
  },
};
const PROVIDERS = Object.keys(HAND_OVER);
const handOver = (provider: string, raw: string, to = "support@example.test") => HAND_OVER[provider]?.(raw, to) ?? Promise.reject(new Error(provider));

describe("the same mail", () => {
  it("through SMTP and through every provider is one", async () => {
    const { _id, ticket } = await desk.receive(Buffer.from(mailOf("one")), { from: "gus@guest.example" });
    for (const provider of PROVIDERS) expect((await handOver(provider, mailOf("one"))).body).toEqual({ result: "accepted", id: [_id] });
    const inbound = desk.store.db.collection("inbound");
    expect(await inbound.findOne({ messageId: "<one@guest.example>" })).toMatchObject({ repetitions: PROVIDERS.length, ticket });
    expect(await inbound.countDocuments({ messageId: "<one@guest.example>" })).toBe(1);
  });

  it.each(PROVIDERS)("gives the same ticket through %s, but for its source", async (provider) => {
    const bySmtp = await desk.receive(Buffer.from(mailOf(`${provider}-smtp`)), { from: "gus@guest.example" });
    const answer = await handOver(provider, mailOf(provider));
    expect([answer.status, answer.body.result]).toEqual([200, "accepted"]);
    const record = await until("its ticket", async () => (await recordsOf(desk, provider)).find(({ _id, ticket }) => _id === answer.body.id?.[0] && ticket));
    expect(record.source).toMatchObject({
      door: "webhook",
      envelopeFrom: "gus@guest.example",
      envelopeTo: ["support@example.test"],
      webhook: { source: provider, kind: provider },
    });
    const [ours, theirs] = [await desk.ticket(record.ticket?.id), await desk.ticket(bySmtp.ticket?.id)];
    expect(ours).toMatchObject({ subject: `Smoke ${provider}`, message: "It burns. Grüße", attachments: [{ name: "a.csv" }] });
    for (const field of ["message", "attachments", "deptid", "opener", "status", "priority"]) expect(ours[field]).toEqual(theirs[field]);
  });
});

describe("a mail that is not to be taken is refused in its provider's own way", () => {
  it.each([
    ["mailgun", 406],
    ["sendgrid", 422],
    ["postmark", 403],
    ["mandrill", 422],
  ])("%s: for nobody here", async (provider, status) => {
    const answer = await handOver(provider, mailOf("nobody"), "nobody@elsewhere.test");
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining("nobody@elsewhere.test")]);
  });

  it("Mailgun's signature with another body: it covers none", async () => {
    const [token, to] = ["once", "support@example.test"];
    const send = (raw: string) => callWebhook(desk, "mailgun", { body: mailgunForm(raw, to, token) });
    const body = mailgunForm(mailOf("signed"), to, token);
    const [first, again] = [await callWebhook(desk, "mailgun", { body }), await callWebhook(desk, "mailgun", { body })];
    expect([first.status, again.text]).toEqual([200, first.text]);
    expect((await send(mailOf("smuggled"))).status).toBe(401);
  });

  it.each([
    ["sendgrid", 401],
    ["postmark", 401],
    ["mandrill", 401],
    ["mailgun", 401],
  ])("%s: of a stranger", async (provider, status) => {
    expect((await callWebhook(desk, provider, { body: "{}", headers: { authorization: "Basic eDp5" } })).status).toBe(status);
  });
});

it("a provider in a trusted network vouches for no sender", async () => {
  const trusting = await startHelpDesk({ HTTP_PUBLIC_URL: PUBLIC_URL, MAIL_TRUSTED_NETWORKS: "127.0.0.0/8" });
  try {
    await setUpSource(trusting, { name: "postmark", kind: "postmark", secret: LOGIN });
    const mail = { MessageID: "2", From: "gus@guest.example", OriginalRecipient: "support@example.test", RawEmail: mailOf("vouched") };
    await callWebhook(trusting, "postmark", { body: JSON.stringify(mail), headers: login });
    const record = await until("its ticket", async () => (await recordsOf(trusting, "postmark")).find(({ ticket }) => ticket));
    expect((await trusting.ticket(record.ticket?.id)).opener).toMatchObject({ isVerified: false });
    const bySmtp = await trusting.receive(Buffer.from(mailOf("vouched-smtp")), { from: "gus@guest.example" });
    expect((await trusting.ticket(bySmtp.ticket?.id)).opener).toMatchObject({ isVerified: true });
  } finally {
    await trusting.stop();
  }
});

it("a source's own mailbox takes what is for nobody here", async () => {
  const mail = { MessageID: "1", From: "gus@guest.example", OriginalRecipient: "x@elsewhere.test", RawEmail: mailOf("caught") };
  await callWebhook(desk, "catch-all", { body: JSON.stringify(mail), headers: login });
  expect(await recordsOf(desk, "catch-all")).toMatchObject([{ mailbox: "sales@example.test", source: { envelopeTo: ["x@elsewhere.test"] } }]);
});
