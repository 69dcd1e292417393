import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mailgunKind, mandrillKind, postmarkKind, type SourceKind, sendgridKind, sesKind } from "../../src/index.ts";
import { callWith, multipart, NOW, noFetch, urlencoded } from "../calls.ts";

/** Whatever is posted, a kind answers: nothing of a call may be a fault of ours. */
const SECRET = "provider:a-long-password";
const TYPES = ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "application/json", "text/plain", "", "multipart/form-data; boundary="];
const HEADERS = [
  "authorization",
  "x-mandrill-signature",
  "x-twilio-email-event-webhook-signature",
  "x-twilio-email-event-webhook-timestamp",
  "x-amz-sns-rawdelivery",
];

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 500 }).map(Buffer.from),
  fc.json().map(Buffer.from),
  fc.constantFrom("--b\r\n\r\n--b--", "--b", "{}", "a=%", "[").map(Buffer.from),
);
const anyCall = fc
  .record({
    body: anyBody,
    type: fc.constantFrom(...TYPES),
    name: fc.constantFrom(...HEADERS),
    value: fc.string(),
    ip: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()),
  })
  .map(({ body, type, name, value, ip }) => callWith({ body, ip, headers: { "content-type": type, [name]: value } }));

const SETTINGS = { topicArns: ["arn:aws:sns:eu-west-1:1:t"] };

function kindCase<Settings>(kind: SourceKind<Settings>, settings: object = {}) {
  const source = { name: "mail", settings: kind.settings.parse(settings), secrets: [SECRET] };
  return {
    verify: (call: ReturnType<typeof callWith>) => kind.verify(call, source, noFetch),
    read: (call: ReturnType<typeof callWith>) => kind.read(call, source, noFetch),
  };
}
const KINDS = {
  mailgun: kindCase(mailgunKind),
  sendgrid: kindCase(sendgridKind),
  postmark: kindCase(postmarkKind),
  ses: kindCase(sesKind, SETTINGS),
  mandrill: kindCase(mandrillKind),
};

describe.each(Object.entries(KINDS))("%s", (_name, kind) => {
  test("refuses whatever nobody has signed", async () => {
    await fc.assert(
      fc.asyncProperty(anyCall, async (call) => {
        expect((await kind.verify(call)).kind).toBe("refused");
      }),
      { numRuns: 300 },
    );
  });

  test("says of whatever it is given what it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyCall, async (call) => {
        expect(["mails", "ignored", "malformed"]).toContain((await kind.read(call)).kind);
      }),
      { numRuns: 300 },
    );
  });
});

/** Calls of the right frame with something else in each of their places. */
const anyJson = fc.json();
const FRAMED: Record<keyof typeof KINDS, fc.Arbitrary<ReturnType<typeof callWith>>> = {
  mailgun: fc
    .tuple(anyJson, anyJson, fc.string())
    .map(([headers, ids, count]) =>
      callWith(
        multipart(
          { recipient: "a@example.test", "message-headers": headers, "content-id-map": ids, "attachment-count": count, "attachment-1": "x" },
          "a-boundary-of-mailgun",
        ),
      ),
    ),
  sendgrid: fc
    .tuple(anyJson, anyJson, fc.string())
    .map(([charsets, infos, headers]) =>
      callWith(
        multipart(
          { envelope: '{"to":["a@example.test"]}', charsets, "attachment-info": infos, headers, attachment1: "x", text: "x" },
          "a-boundary-of-sendgrid",
        ),
      ),
    ),
  postmark: fc
    .tuple(fc.jsonValue(), fc.constantFrom("Headers", "Attachments", "FromFull", "ToFull", "TextBody", "RawEmail", "Date"))
    .map(([value, name]) => callWith({ body: JSON.stringify({ MessageID: "1", OriginalRecipient: "a@example.test", Headers: [], [name]: value }) })),
  ses: anyJson.map((Message) => {
    const signed = {
      Type: "Notification",
      MessageId: "1",
      TopicArn: "t",
      Timestamp: NOW.toISOString(),
      SignatureVersion: "2",
      Signature: "x",
      SigningCertURL: "x",
    };
    return callWith({ body: JSON.stringify({ ...signed, Message }) });
  }),
  mandrill: fc
    .tuple(fc.jsonValue(), fc.constantFrom("headers", "attachments", "images", "to", "raw_msg", "spf", "spam_report", "sender"))
    .map(([value, name]) => callWith(urlencoded({ mandrill_events: JSON.stringify([{ event: "inbound", msg: { email: "a@example.test", [name]: value } }]) }))),
};

test.each(["mailgun", "sendgrid", "postmark", "ses", "mandrill"] as const)("%s reads a frame with anything in its places", async (name) => {
  await fc.assert(
    fc.asyncProperty(FRAMED[name], async (call) => {
      expect(["mails", "ignored", "malformed"]).toContain((await KINDS[name].read(call)).kind);
    }),
    { numRuns: 300 },
  );
});
