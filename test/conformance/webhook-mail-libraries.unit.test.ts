import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { sendgridKind, sesKind } from "@openticket/webhooks";
import { EventWebhook } from "@sendgrid/eventwebhook";
import SnsPayloadValidator from "sns-payload-validator";
// @ts-expect-error it has no types
import SnsValidator from "sns-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callWith, multipart, NOW_S, take } from "../../shared/webhooks/test/calls.ts";
import { CA_EXTENSIONS, type Issued, issue, snsSigned } from "../../shared/webhooks/test/local-sns.ts";

/** What the providers' own libraries accept and refuse, the kinds accept and refuse as well. */
describe("SendGrid's library", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = publicKey.export({ format: "der", type: "spki" }).toString("base64");
  const library = new EventWebhook();

  test.each([
    ["a call as it is", (body: string) => body, true],
    ["an altered call", (body: string) => body.replace("Hello", "Hallo"), false],
    ["a longer call", (body: string) => `${body} `, false],
  ])("says of %s what the kind says", async (_what, alter, isGood) => {
    const { body, headers } = multipart({ envelope: '{"to":["support@example.test"]}', email: "Subject: Hello\r\n\r\nGrüße" });
    const signature = sign("sha256", Buffer.concat([Buffer.from(NOW_S), body]), privateKey).toString("base64");
    const arrived = alter(body.toString("utf8"));
    expect(library.verifySignature(library.convertPublicKeyToECDSA(key), arrived, signature, NOW_S)).toBe(isGood);
    const signed = { "x-twilio-email-event-webhook-signature": signature, "x-twilio-email-event-webhook-timestamp": NOW_S };
    const { verdict } = await take(sendgridKind, callWith({ body: arrived, headers: { ...headers, ...signed } }), {
      settings: sendgridKind.settings.parse({ publicKeys: [key] }),
    });
    expect(verdict.kind).toBe(isGood ? "verified" : "refused");
  });
});

const HOST = "sns.eu-west-1.amazonaws.com";
const CERT_URL = `https://${HOST}/SimpleNotificationService-${"0".repeat(32)}.pem`;
const TOPIC = "arn:aws:sns:eu-west-1:123456789012:mails";

describe("the libraries for Amazon SNS", () => {
  let root: Issued;
  let leaf: Issued;
  let server: https.Server;
  const agentOfNode = https.globalAgent;

  /** The libraries fetch the certificate themselves: their connections end at a server of this test. */
  beforeAll(async () => {
    root = issue({ name: "Root", extensions: CA_EXTENSIONS });
    leaf = issue({ name: HOST, issuer: root, extensions: [`subjectAltName=DNS:${HOST}`] });
    server = https.createServer({ key: leaf.key, cert: leaf.certificate }, (_request, response) => response.end(leaf.certificate));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const agent = new https.Agent();
    agent.createConnection = () => tls.connect({ host: "127.0.0.1", port, servername: HOST, ca: root.certificate });
    https.globalAgent = agent;
  }, 30_000);
  afterAll(() => {
    https.globalAgent.destroy();
    https.globalAgent = agentOfNode;
    server.close();
  });

  const fields = (Type: "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation", further: Record<string, string> = {}) => ({
    Type,
    MessageId: "1",
    TopicArn: TOPIC,
    Message: "text\nof lines",
    Timestamp: new Date(Date.now() + 60_000).toISOString(),
    SigningCertURL: CERT_URL,
    ...(Type !== "Notification" && { SubscribeURL: `https://${HOST}/?Action=ConfirmSubscription`, Token: "t" }),
    ...further,
  });
  const kindSays = async (message: Record<string, string>) => {
    const deps = { fetch: async () => Buffer.from(leaf.certificate) };
    const call = callWith({ body: JSON.stringify(message), receivedAt: new Date(Date.now() + 60_000) });
    return (
      (await take(sesKind, call, { settings: sesKind.settings.parse({ topicArns: [TOPIC], trustedCa: root.certificate }) }, deps)).verdict.kind === "verified"
    );
  };
  const accepts = (promise: Promise<unknown>) =>
    promise.then(
      () => true,
      () => false,
    );
  const payloadValidatorSays = (message: Record<string, string>) => accepts(new SnsPayloadValidator({ useCache: false }).validate(JSON.stringify(message)));
  const snsValidatorSays = (message: Record<string, string>) =>
    accepts(
      new Promise<void>((resolve, reject) => new SnsValidator().validate(message, (error: Error | null) => (error === null ? resolve() : reject(error)))),
    );

  const cases = (["1", "2"] as const).flatMap((version) => [
    [version, "Notification", {}] as const,
    [version, "Notification", { Subject: "Grüße" }] as const,
    [version, "SubscriptionConfirmation", {}] as const,
    [version, "UnsubscribeConfirmation", {}] as const,
  ]);

  test.each(cases)("say of a message of version %s and type %s what the kind says", async (version, type, further) => {
    const message: Record<string, string> = snsSigned(fields(type, further), leaf, version);
    const altered = { ...message, Message: "another text" };
    expect([await payloadValidatorSays(message), await kindSays(message)]).toEqual([true, true]);
    expect([await payloadValidatorSays(altered), await kindSays(altered)]).toEqual([false, false]);
    // AWS's sns-validator 0.3.5 leaves Token out of an UnsubscribeConfirmation, against AWS's documentation.
    expect(await snsValidatorSays(message)).toBe(type !== "UnsubscribeConfirmation");
    expect(await snsValidatorSays(altered)).toBe(false);
  });
});
