import type { WebhookCall } from "@openticket/webhooks";
import { mutate } from "../mutate.ts";
import type { Random } from "../random.ts";

/** Longest mutant of a body, bytes, but for the few that are swollen. */
const SWOLLEN = 256 * 1024;
const DEPTHS = [10, 200, 5000, 60_000];
/** What bodies of calls are made of, put where it does not belong. */
const PIECES = [
  ...[
    '{"id":"x"}',
    '"id":1,"id":2,',
    '"__proto__":{"a":1},',
    '"constructor":{},',
    '{"":{"":{}}}',
    "[[[[",
    "]]]]",
    "1e999",
    "-0",
    '"\\ud800"',
    '"\\u0000"',
    "\ufeff",
  ],
  ...[
    "&a=1",
    "&&",
    "=",
    "%",
    "%zz",
    "%00",
    "%C3",
    "+",
    "&payload={}",
    "payload=%7B%7D&",
    "&mandrill_events=[]",
    "&token=b",
    "&timestamp=1",
    "&signature=00",
    ";",
  ],
  ...[
    "--a-boundary-of-mailgun\r\n",
    "--a-boundary-of-sendgrid--",
    '\r\nContent-Disposition: form-data; name="token"\r\n\r\nb',
    'filename="../x"',
    "name*=utf-8''%ff",
  ],
  ...["null", "true", "\u0000", "\r\n", "\n", " ", '"', "\\", ",", ":", "é"],
];
const TYPES = [
  ...["application/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=latin1"],
  ...[
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=a-boundary-of-mailgun",
    'multipart/form-data; boundary="a b"',
    "multipart/mixed; boundary=b",
  ],
  ...["text/plain; charset=UTF-8", "text/html", "", ";", "\u0000", "multipart/form-data; boundary=a-boundary-of-sendgrid; boundary=b"],
];
const VALUES = [
  ...[
    "",
    " ",
    ",",
    "=",
    "v1,",
    "v1=",
    "sha256=",
    "sha1=",
    "t=",
    "t=1,v1=0",
    "v0=",
    "Bearer",
    "Bearer ",
    "Basic",
    "Basic Og==",
    "Basic !!!!",
    "0",
    "-1",
    "1e9",
    "NaN",
    "99999999999",
  ],
  ...["é", "\u0000", "0".repeat(64), "A".repeat(20_000), "v1,AAAA ".repeat(500), "v1a,AAAA", `${"t=1,".repeat(3000)}v1=0`],
];
const NAMES = [
  ...["authorization", "webhook-id", "webhook-timestamp", "webhook-signature", "x-gitlab-token", "x-hub-signature-256", "x-hub-signature", "stripe-signature"],
  ...[
    "sentry-hook-signature",
    "x-grafana-alerting-signature",
    "x-slack-signature",
    "x-slack-request-timestamp",
    "x-signature",
    "x-time",
    "x-mandrill-signature",
  ],
  ...[
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
    "x-amz-sns-rawdelivery",
    "x-github-event",
    "x-github-delivery",
    "idempotency-key",
  ],
];
const DISTANCES_S = [1, 299, 301, 86_400, 40_000_000, -1, -299, -301, -86_400];
const METHODS = ["GET", "HEAD", "PUT", "OPTIONS", ""];

/** One change of a call; `other` is another genuine one. */
type Mutation = (call: WebhookCall, other: WebhookCall, random: Random) => WebhookCall;

const headersOf = ({ headers }: WebhookCall) => Object.keys(headers);
const withHeader = (call: WebhookCall, name: string, value: string | undefined): WebhookCall => ({ ...call, headers: { ...call.headers, [name]: value } });
const changed = (change: (value: string, random: Random) => string | undefined): Mutation => {
  return (call, _other, random) => {
    const name = random.of([...headersOf(call), "content-type"]);
    return withHeader(call, name, change(call.headers[name] ?? "", random));
  };
};
const withBody = (call: WebhookCall, body: Buffer): WebhookCall => ({ ...call, body });
const at = (text: string | Buffer, random: Random) => random.below(text.length + 1);

const MUTATIONS: readonly Mutation[] = [
  (call, other, random) => withBody(call, mutate([call.body, other.body], random)),
  (call, _other, random) => withBody(call, mutate([call.body], random)),
  insertPiece,
  insertPiece,
  (call, other) => withBody(call, other.body),
  (call, _other, random) => withBody(call, Buffer.concat([call.body, random.of([call.body, Buffer.alloc(1), Buffer.from("\n")])])),
  deepen,
  swell,
  changed(() => undefined),
  changed((value) => `${value}, ${value}`),
  changed((value, random) => `${value.slice(0, at(value, random))}${random.of(VALUES)}`),
  changed((value, random) => flipped(value, random)),
  changed((value, random) =>
    random.of([value.toUpperCase(), value.toLowerCase(), ` ${value} `, value.slice(0, -1), `${value}=`, value.replaceAll("+", "-").replaceAll("/", "_")]),
  ),
  (call, _other, random) => withHeader(call, random.of(NAMES), random.of(VALUES)),
  (call, other, random) => withHeader(call, random.of(NAMES), Object.values(other.headers)[random.below(headersOf(other).length)]),
  (call, other) => ({ ...call, headers: other.headers }),
  (call, _other, random) => withHeader(call, "content-type", random.of(TYPES)),
  (call, _other, random) => ({ ...call, receivedAt: new Date(call.receivedAt.getTime() + random.of(DISTANCES_S) * 1000) }),
  (call, _other, random) => ({ ...call, url: random.of([`${call.url}/`, `${call.url}?a=1`, call.url.toUpperCase(), ""]) }),
  (call, _other, random) => ({ ...call, method: random.of(METHODS) }),
  (call, _other, random) => ({ ...call, ip: random.of(["::1", "", "no address", "::ffff:192.0.2.7"]) }),
];

function insertPiece(call: WebhookCall, _other: WebhookCall, random: Random): WebhookCall {
  const middle = at(call.body, random);
  return withBody(call, Buffer.concat([call.body.subarray(0, middle), Buffer.from(random.of(PIECES)), call.body.subarray(middle)]));
}

function deepen(call: WebhookCall, _other: WebhookCall, random: Random): WebhookCall {
  const [depth, [open, close]] = [random.of(DEPTHS), random.of([["[", "]"] as const, ['{"a":', "}"] as const])];
  return withBody(call, Buffer.concat([Buffer.from(open.repeat(depth)), call.body, Buffer.from(close.repeat(depth))]));
}

/** Seldom, because it is slow to hash. */
function swell(call: WebhookCall, _other: WebhookCall, random: Random): WebhookCall {
  if (random.below(20) > 0) return call;
  return withBody(call, Buffer.concat([call.body, Buffer.alloc(SWOLLEN, random.of(["&a=1", "[", "-", '"a":1,', "%41", "\r\n--b\r\n"]))]));
}

function flipped(value: string, random: Random): string {
  const middle = random.below(value.length);
  return `${value.slice(0, middle)}${String.fromCharCode(33 + random.below(94))}${value.slice(middle + 1)}`;
}

/** A call made from a genuine one by one to four mutations. */
export function mutateCall(call: WebhookCall, other: WebhookCall, random: Random): WebhookCall {
  let mutant = call;
  for (let count = 1 + random.below(4); count > 0; count -= 1) mutant = mutant.body.length === 0 ? mutant : random.of(MUTATIONS)(mutant, other, random);
  return mutant;
}
