import { beforeAll, describe, expect, test } from "vitest";
import { ProviderUnreachable, sesKind } from "../../src/index.ts";
import type { KindDeps } from "../../src/source-kind.ts";
import { callWith, take } from "../calls.ts";
import { CA_EXTENSIONS, derOf, type Issued, issue, snsSigned } from "../local-sns.ts";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:mails";
const CERT_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";
const SUBSCRIBE_URL = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=t`;
const MIME = "From: Ann <ann@example.net>\r\nSubject: Hello\r\n\r\nText\r\n";
const AIA = "authorityInfoAccess=caIssuers;URI:http://crt.r2m01.amazontrust.com/r2m01.cer";
const NAME = "subjectAltName=DNS:sns.eu-west-1.amazonaws.com";

/** Certificates are valid from when they are made, so these tests live in the minute after. */
let now: Date;
let root: Issued;
let middle: Issued;
let leaf: Issued;
beforeAll(() => {
  root = issue({ name: "Root", extensions: CA_EXTENSIONS });
  middle = issue({ name: "Middle", issuer: root, extensions: CA_EXTENSIONS });
  leaf = issue({ name: "sns.eu-west-1.amazonaws.com", issuer: middle, extensions: [NAME, AIA] });
  now = new Date(Date.now() + 60_000);
}, 30_000);

const received = (changes: object = {}, receipt: object = {}) =>
  JSON.stringify({
    notificationType: "Received",
    mail: { messageId: "ses-1", source: "bounce@example.net" },
    receipt: { recipients: ["support@example.test"], action: { type: "SNS", topicArn: TOPIC, encoding: "BASE64" }, ...receipt },
    content: Buffer.from(MIME).toString("base64"),
    ...changes,
  });
const notification = (changes: Record<string, string> = {}) => ({
  Type: "Notification" as const,
  MessageId: "sns-1",
  TopicArn: TOPIC,
  Message: received(),
  Timestamp: now.toISOString(),
  SigningCertURL: CERT_URL,
  ...changes,
});
const confirmation = (Type: "SubscriptionConfirmation" | "UnsubscribeConfirmation", changes: Record<string, string> = {}) => ({
  ...notification({ Message: "You have chosen to subscribe", Token: "t", SubscribeURL: SUBSCRIBE_URL, ...changes }),
  Type,
});
const post = (message: object | string, receivedAt = now) =>
  callWith({ body: typeof message === "string" ? message : JSON.stringify(message), headers: { "content-type": "text/plain; charset=UTF-8" }, receivedAt });

/** Serves files by their URL, and says what was fetched. */
function serving(files: Record<string, string | Buffer>): KindDeps & { fetched: string[] } {
  const fetched: string[] = [];
  const fetch = async (url: string) => {
    fetched.push(url);
    const file = files[url];
    if (file === undefined) throw new Error("not found");
    return Buffer.from(file);
  };
  return { fetch, fetched };
}
const whole = () => serving({ [CERT_URL]: leaf.certificate + middle.certificate, [SUBSCRIBE_URL]: "<xml/>" });
const settings = (changes: object = {}) => sesKind.settings.parse({ topicArns: [TOPIC], trustedCa: root.certificate, ...changes });
const takeIt = (message: object | string, deps: KindDeps = whole(), given = settings(), receivedAt = now) =>
  take(sesKind, post(message, receivedAt), { settings: given }, deps);
const reasonOf = async (...args: Parameters<typeof takeIt>) => {
  const { verdict } = await takeIt(...args);
  return verdict.kind === "refused" ? `${verdict.outcome}: ${verdict.because}` : verdict.kind;
};

describe("a message of SNS", () => {
  test.each(["1", "2"] as const)("of each type is verified by its signature of version %s", async (version) => {
    const messages = [
      notification(),
      notification({ Subject: "Grüße", Message: received({ content: "ä\n\n" }) }),
      confirmation("SubscriptionConfirmation"),
      confirmation("UnsubscribeConfirmation"),
    ];
    for (const message of messages) expect((await takeIt(snsSigned(message, leaf, version))).verdict).toEqual({ kind: "verified" });
  });

  test("is refused when anything that is signed is another, or signed by another key", async () => {
    const signed: Record<string, string> = snsSigned(notification({ Subject: "a" }), leaf);
    const other = {
      Message: received({ content: "" }),
      MessageId: "sns-2",
      Subject: "b",
      Timestamp: new Date(now.getTime() + 1).toISOString(),
      SignatureVersion: "1",
    };
    for (const [name, value] of Object.entries(other)) expect(await reasonOf({ ...signed, [name]: value })).toContain("not of this message");
    const { Subject: _left, ...withoutSubject } = signed;
    expect(await reasonOf(withoutSubject)).toContain("not of this message");
    expect(await reasonOf({ ...signed, Signature: "AAAA" })).toContain("not of this message");
    expect(await reasonOf(snsSigned(notification(), middle))).toContain("not of this message");
    const confirmed: Record<string, string> = snsSigned(confirmation("SubscriptionConfirmation"), leaf);
    for (const name of ["SubscribeURL", "Token"]) expect(await reasonOf({ ...confirmed, [name]: "https://x/" })).toContain("not of this message");
  });

  test("is refused when it has not the form of one, or its fields could be taken apart in two ways", async () => {
    const signed: Record<string, string> = snsSigned(notification(), leaf);
    const malformed = [
      "",
      "{",
      "[]",
      "null",
      { ...signed, Type: "Other" },
      { ...signed, SignatureVersion: "3" },
      { ...signed, Timestamp: "today" },
      { ...signed, MessageId: 5 },
    ];
    for (const one of malformed) expect(await reasonOf(one as object)).toBe("unauthenticated: the body is no signed message of SNS");
    expect(await reasonOf(snsSigned(notification({ Subject: "a\nMessageId\nb" }), leaf))).toContain("no signed message");
  });

  test("is stale beyond the tolerance, before and after", async () => {
    for (const distance of [-7201, 7201]) {
      const message = notification({ Timestamp: new Date(now.getTime() + distance * 1000).toISOString() });
      expect(await reasonOf(snsSigned(message, leaf))).toMatch(/^stale/);
    }
    const old = notification({ Timestamp: new Date(now.getTime() - 7000 * 1000).toISOString() });
    expect(await reasonOf(snsSigned(old, leaf))).toBe("verified");
  });

  test("of another topic is refused before anything is fetched", async () => {
    const deps = whole();
    expect(await reasonOf(snsSigned(notification({ TopicArn: `${TOPIC}-2` }), leaf), deps)).toContain("topicArns");
    expect(deps.fetched).toEqual([]);
  });

  test("delivered raw is refused with what to change", async () => {
    const call = callWith({ body: received(), headers: { "x-amz-sns-rawdelivery": "true" } });
    const { verdict } = await take(sesKind, call, { settings: settings() }, whole());
    expect(verdict).toMatchObject({ kind: "refused", because: expect.stringContaining("raw message delivery") });
  });
});

describe("the certificate of SNS", () => {
  test.each([
    "http://sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com.example.com/a.pem",
    "https://example.com/sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
    "https://user@sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com@example.com/a.pem",
    "https://xsns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com/a",
    "https://sns.eu-west-1.amazonaws.com/a.pem?1",
    "https://169.254.169.254/a.pem",
    "file:///etc/a.pem",
    "a.pem",
  ])("is not fetched from %s", async (url) => {
    const deps = serving({ [url]: leaf.certificate + middle.certificate });
    expect(await reasonOf(snsSigned(notification({ SigningCertURL: url }), leaf), deps)).toContain("SigningCertURL");
    expect(deps.fetched).toEqual([]);
  });

  test("is fetched once for many messages, and judged anew for each", async () => {
    const deps = whole();
    for (let time = 0; time < 3; time++) expect(await reasonOf(snsSigned(notification(), leaf), deps)).toBe("verified");
    expect(deps.fetched).toEqual([CERT_URL]);
    const other = issue({ name: "Other", extensions: CA_EXTENSIONS });
    expect(await reasonOf(snsSigned(notification(), leaf), deps, settings({ trustedCa: other.certificate }))).toContain("no trusted CA");
    expect(deps.fetched).toEqual([CERT_URL]);
  });

  test("is kept for the fifty latest addresses alone", async () => {
    const urls = Array.from({ length: 51 }, (_, at) => `https://sns.eu-west-1.amazonaws.com/${at}.pem`);
    const deps = serving(Object.fromEntries(urls.map((url) => [url, leaf.certificate + middle.certificate])));
    for (const url of [...urls, ...urls.slice(-1), ...urls.slice(0, 1)])
      expect(await reasonOf(snsSigned(notification({ SigningCertURL: url }), leaf), deps)).toBe("verified");
    expect(deps.fetched).toEqual([...urls, ...urls.slice(0, 1)]);
  });

  test("that was refused is not kept", async () => {
    const deps = whole();
    const other = settings({ trustedCa: issue({ name: "Other", extensions: CA_EXTENSIONS }).certificate });
    for (let time = 0; time < 2; time++) expect(await reasonOf(snsSigned(notification(), leaf), deps, other)).toContain("no trusted CA");
    expect(deps.fetched.filter((url) => url === CERT_URL)).toHaveLength(2);
  });

  test("that is alone is completed from where it says, by https", async () => {
    const issuerUrl = "https://crt.r2m01.amazontrust.com/r2m01.cer";
    const deps = serving({ [CERT_URL]: leaf.certificate, [issuerUrl]: derOf(middle) });
    for (let time = 0; time < 2; time++) expect(await reasonOf(snsSigned(notification(), leaf), deps)).toBe("verified");
    expect(deps.fetched).toEqual([CERT_URL, issuerUrl]);
  });

  test("is never completed from another host than Amazon's", async () => {
    const lured = issue({
      name: "sns.eu-west-1.amazonaws.com",
      issuer: middle,
      extensions: [NAME, "authorityInfoAccess=caIssuers;URI:http://127.0.0.1/ca.cer"],
    });
    const deps = serving({ [CERT_URL]: lured.certificate, "https://127.0.0.1/ca.cer": derOf(middle) });
    expect(await reasonOf(snsSigned(notification(), lured), deps)).toContain("no trusted CA");
    expect(deps.fetched).toEqual([CERT_URL]);
  });

  test.each<[string, () => string, string]>([
    ["of another host", () => certified({ issuer: middle, extensions: ["subjectAltName=DNS:sns.us-east-1.amazonaws.com"] }), "not of the host"],
    ["signed by itself", () => certified({}), "no trusted CA"],
    ["of another CA with the same name", () => certified({ issuer: issue({ name: "Middle", extensions: CA_EXTENSIONS }) }), "no trusted CA"],
    ["issued by one that is no CA", () => certified({ issuer: leaf }) + leaf.certificate, "no trusted CA"],
    ["of another kind of key", () => certified({ issuer: middle, type: "ec" }), "no RSA key"],
    ["that is none", () => "<html>", "holds no certificate"],
    ["that is broken", () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "holds no certificate"],
  ])("%s is refused", async (_what, make, because) => {
    const file = make();
    const deps = serving({ [CERT_URL]: file.length < 100 ? file : file + middle.certificate });
    expect(await reasonOf(snsSigned(notification(), leaf), deps)).toContain(because);
  });

  test("is refused before and after its dates", async () => {
    for (const days of [-1, 31]) {
      const at = new Date(now.getTime() + days * 86_400_000);
      expect(await reasonOf(snsSigned(notification({ Timestamp: at.toISOString() }), leaf), whole(), settings(), at)).toContain("not valid at this time");
    }
  });

  test("of a CA that is not Amazon's is refused by default", async () => {
    const deps = serving({ [CERT_URL]: leaf.certificate + middle.certificate + root.certificate });
    expect(await reasonOf(snsSigned(notification(), leaf), deps, settings({ trustedCa: undefined }))).toContain("no trusted CA");
  });

  test("may be that of a host that the operator names, which the fetcher is told with its CA", async () => {
    const url = "https://127.0.0.1:8443/sns.pem";
    const local = issue({ name: "local", issuer: root, extensions: ["subjectAltName=IP:127.0.0.1"] });
    const asked: unknown[] = [];
    const deps: KindDeps = {
      fetch: async (_url, options) => {
        asked.push(options);
        return Buffer.from(local.certificate);
      },
    };
    const given = settings({ trustedHosts: "127\\.0\\.0\\.1:8443" });
    expect(await reasonOf(snsSigned(notification({ SigningCertURL: url }), local), deps, given)).toBe("verified");
    expect(asked).toEqual([{ maxBytes: 65_536, timeoutMs: 5000, isNamedByOperator: true, ca: root.certificate }]);
  });

  test("that cannot be fetched is our trouble and not the caller's", async () => {
    await expect(takeIt(snsSigned(notification(), leaf), serving({}))).rejects.toThrow(ProviderUnreachable);
  });
});

function certified(wanted: { issuer?: Issued; extensions?: string[]; type?: "ec" }): string {
  return issue({ name: "sns.eu-west-1.amazonaws.com", extensions: [NAME], ...wanted }).certificate;
}

describe("a subscription", () => {
  test("is confirmed by fetching its URL, once it is verified", async () => {
    const deps = whole();
    expect((await takeIt(snsSigned(confirmation("SubscriptionConfirmation"), leaf), deps)).reading).toMatchObject({ kind: "handshake" });
    expect(deps.fetched).toEqual([CERT_URL, SUBSCRIBE_URL]);
  });

  test.each(["http://sns.eu-west-1.amazonaws.com/", "https://169.254.169.254/latest", "https://sns.eu-west-1.amazonaws.com.example.com/"])(
    "whose URL is %s is not confirmed, although it is signed",
    async (SubscribeURL) => {
      const deps = whole();
      expect((await takeIt(snsSigned(confirmation("SubscriptionConfirmation", { SubscribeURL }), leaf), deps)).reading).toMatchObject({ kind: "malformed" });
      expect(deps.fetched).toEqual([CERT_URL]);
    },
  );

  test("that cannot be confirmed now is our trouble", async () => {
    const deps = serving({ [CERT_URL]: leaf.certificate + middle.certificate });
    await expect(takeIt(snsSigned(confirmation("SubscriptionConfirmation"), leaf), deps)).rejects.toThrow(ProviderUnreachable);
  });

  test("that has ended is not begun again", async () => {
    const deps = whole();
    expect((await takeIt(snsSigned(confirmation("UnsubscribeConfirmation"), leaf), deps)).reading).toMatchObject({ kind: "ignored" });
    expect(deps.fetched).toEqual([CERT_URL]);
  });
});

describe("a mail of SES", () => {
  const read = async (Message: string) => (await takeIt(snsSigned(notification({ Message }), leaf))).reading;

  test("in base64 is the message byte for byte, called by SNS's id, with its envelope and verdicts", async () => {
    const bytes = Buffer.concat([Buffer.from(MIME), Buffer.from([0xe4, 0xff])]);
    const verdicts = {
      spamVerdict: { status: "PASS" },
      virusVerdict: { status: "PASS" },
      spfVerdict: { status: "FAIL" },
      dkimVerdict: { status: "GRAY" },
      dmarcVerdict: { status: "FAIL" },
    };
    expect(await read(received({ content: bytes.toString("base64") }, { ...verdicts, dmarcPolicy: "reject" }))).toEqual({
      kind: "mails",
      mails: [
        {
          id: "sns-1",
          raw: bytes,
          envelopeFrom: "bounce@example.net",
          envelopeTo: ["support@example.test"],
          verdicts: { spam: "PASS", virus: "PASS", spf: "FAIL", dkim: "GRAY", dmarc: "FAIL", dmarcPolicy: "reject" },
        },
      ],
    });
  });

  test("in plain text is that text", async () => {
    expect(await read(received({ content: "Subject: ä\r\n\r\nx" }, { action: { type: "SNS" } }))).toMatchObject({
      mails: [{ raw: Buffer.from("Subject: ä\r\n\r\nx") }],
    });
  });

  test("that is in S3 is refused with the limit of the SNS action", async () => {
    expect(await read(received({ content: undefined }, { action: { type: "S3" } }))).toMatchObject({
      kind: "malformed",
      because: expect.stringMatching(/S3.*150 kB/),
    });
  });

  test("is none when SES tells of something else", async () => {
    expect(await read(JSON.stringify({ notificationType: "Bounce" }))).toMatchObject({ kind: "ignored", because: expect.stringContaining("Bounce") });
    expect(await read("Successfully validated SNS topic for Amazon SES event publishing.")).toMatchObject({ kind: "ignored" });
  });

  test.each([
    ["for nobody", received({}, { recipients: [] }), "receipt.recipients"],
    ["without a receipt", received({ receipt: undefined }), "receipt"],
    ["that is no base64", received({ content: "*" }), "base64"],
  ])("%s cannot be read", async (_what, message, because) => {
    expect(await read(message)).toMatchObject({ kind: "malformed", because: expect.stringContaining(because) });
  });
});

test("its settings name at least one topic, and hosts and CA that can be used", () => {
  const isTaken = (changes: object) => sesKind.settings.safeParse({ topicArns: [TOPIC], ...changes }).success;
  expect(isTaken({})).toBe(true);
  for (const changes of [{ topicArns: [] }, { topicArns: ["mails"] }, { topicArns: undefined }, { trustedHosts: "(" }, { trustedCa: "x" }, { other: 1 }])
    expect(isTaken(changes)).toBe(false);
  expect(sesKind.secrets.isNeeded(settings())).toBe(false);
});
