import { makeOpenTicketClient } from "@openticket/client";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { makeEvents } from "./events.ts";
import {
  type Door,
  type ExpectedEvent,
  type ExpectedMail,
  type Ledger,
  MAIL_DOORS,
  type MailDoor,
  type RequestEntry,
  WEBHOOK_DOORS,
  type WebhookDoor,
} from "./ledger.ts";
import { type Mail, makeMail } from "./mails.ts";
import type { Random } from "./random.ts";
import { type RawProducer, startRawProducer } from "./raw-producer.ts";
import { makeRequest, type RequestFields } from "./requests.ts";
import type { Sent } from "./sent.ts";
import { type HttpTarget, viaApi, viaRest } from "./via-http.ts";
import { makeMailSender } from "./via-mail.ts";
import { viaSdk } from "./via-sdk.ts";
import { makeWebhookSender } from "./via-webhook.ts";
import type { SourceSecrets } from "./webhook-scene.ts";

/**
 * Producers of every kind, which behave as good clients do: each request has a key of its own, is sent again with the same
 * key after an error or in silence, and, at random, also after it was acknowledged.
 */
export interface Producers {
  /** Sends a burst of new requests; they live on by themselves. Resolves at once. */
  burst(count: number): void;
  /** Requests that have no answer yet. */
  underWay(): number;
  /** Ends when every request has its answer; false when that took too long. */
  settled(timeoutMs: number): Promise<boolean>;
  raw: RawProducer;
  close(): Promise<void>;
}

export interface ProducersOptions extends HttpTarget {
  seed: number;
  random: Random;
  ledger: Ledger;
  /** Those that requests come through. */
  doors: readonly Door[];
  prefix: string;
  webhookSecrets: SourceSecrets;
  /** Proxies to Redis of the SDK and of the raw producer. */
  proxies: { sdk: TcpProxy; raw: TcpProxy };
  redisPort: number;
}

const DOOR_WEIGHTS: Record<Door, number> = {
  api: 19,
  rest: 15,
  async: 15,
  sdk: 15,
  raw: 11,
  smtp: 15,
  lmtp: 10,
  "webhook-event": 12,
  "webhook-alert": 12,
  "webhook-mail": 8,
};
const REDELIVERED_SHARE = 0.25;
/** The same of events, which providers bring up to three times though they were taken. */
const EVENT_REDELIVERED_SHARE = 0.4;
const EVENT_REDELIVERIES = 2;
/** Mails of a provider that also come by SMTP, each time that they come. */
const OTHER_WAY_SHARE = 0.25;
/** Redelivered so soon that the first one may still be under way. */
const AT_ONCE_SHARE = 0.3;
const REDELIVERED_WITHIN_MS = 8000;
/** Clients that go away after the first error. */
const IMPATIENT_SHARE = 0.02;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3000;

type Send = (fields: RequestFields) => Promise<Sent>;

/** A request of any door, as it is sent each time. */
interface Sendable {
  tag: string;
  wrongWith?: string | undefined;
  mail?: ExpectedMail;
  event?: ExpectedEvent;
  send(): Promise<Sent>;
}

/** Starts the producers; nothing is sent before the first burst. */
export async function startProducers(options: ProducersOptions): Promise<Producers> {
  const { random, ledger, proxies, prefix } = options;
  const client = makeOpenTicketClient({ redisUrl: `redis://127.0.0.1:${proxies.sdk.port}`, prefix, source: "chaos-sdk" });
  const raw = await startRawProducer({ producerPort: proxies.raw.port, consumerPort: options.redisPort, prefix });
  const mails = makeMailSender({ doorUrl: options.doorUrl, random: random.fork("mails") });
  const webhooks = makeWebhookSender({ doorUrl: options.doorUrl, secrets: options.webhookSecrets, random: random.fork("webhooks") });
  const events = makeEvents({ seed: options.seed, random: random.fork("events") });
  const doors: Record<Exclude<Door, MailDoor | WebhookDoor>, Send> = {
    api: (fields) => viaApi(fields, options),
    rest: (fields) => viaRest(fields, options, "sync"),
    async: (fields) => viaRest(fields, options, "async"),
    sdk: (fields) => viaSdk(fields, client),
    raw: (fields) => raw.send(fields),
  };
  const open = new Set<Promise<void>>();
  let isClosed = false;
  let count = 0;
  const weights = Object.fromEntries(options.doors.map((door) => [door, DOOR_WEIGHTS[door]])) as Record<Door, number>;

  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const track = (work: Promise<void>) => {
    open.add(work);
    void work.finally(() => open.delete(work));
  };

  /** One delivery, and its answer in the ledger; true when it is one. */
  async function deliver(entry: RequestEntry, { send }: Sendable): Promise<boolean> {
    const sentAtMs = performance.now();
    const sent = await send().catch((error: unknown): Sent => ({ kind: "odd", what: `the producer failed: ${String(error)}` }));
    if (isClosed) return true;
    if (sent.kind === "again") ledger.fail(entry, sent.reason);
    else if (sent.kind === "odd") ledger.oddity(entry, sent.what);
    else ledger.acknowledge(entry, sent, sentAtMs);
    return sent.kind !== "again" && sent.kind !== "odd";
  }

  async function live(entry: RequestEntry, request: Sendable, { isImpatient }: { isImpatient: boolean }): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !(await deliver(entry, request)); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      if (isImpatient || isClosed) {
        entry.isGivenUp = true;
        return;
      }
      await sleep(pauseMs);
    }
  }

  async function deliverAgain(entry: RequestEntry, request: Sendable, delayMs: number): Promise<void> {
    await sleep(delayMs);
    if (!isClosed) await deliver(entry, request);
  }

  /** The same mail may come by SMTP as well, where there is such a door. */
  function byProvider(mail: Mail): Promise<Sent> {
    const goesOtherWay = options.doors.includes("smtp") && random.chance(OTHER_WAY_SHARE);
    return goesOtherWay ? mails.send("smtp", mail) : webhooks.mail(mail);
  }

  function requestFor(door: Door): Sendable {
    const nth = { seed: options.seed, number: ++count, random };
    if (isMailDoor(door) || door === "webhook-mail") {
      const mail = makeMail(nth);
      return { tag: mail.tag, wrongWith: mail.wrongWith, mail: mail.expected, send: () => (isMailDoor(door) ? mails.send(door, mail) : byProvider(mail)) };
    }
    if (isWebhookDoor(door)) {
      const event = events.next(door, nth.number);
      return { tag: event.tag, wrongWith: event.wrongWith, event: event.expected, send: () => webhooks.event(door, event) };
    }
    const fields = makeRequest(nth);
    return { tag: fields.tag, wrongWith: fields.wrongWith, send: () => doors[door](fields) };
  }

  function begin(): void {
    const door = random.weighted(weights);
    const request = requestFor(door);
    const { tag, wrongWith, mail, event } = request;
    const entry = ledger.open({ tag, door, wrongWith, mail, event });
    track(live(entry, request, { isImpatient: random.chance(IMPATIENT_SHARE) }));
    for (let left = event ? EVENT_REDELIVERIES : 1; left > 0 && random.chance(event ? EVENT_REDELIVERED_SHARE : REDELIVERED_SHARE); left--) {
      track(deliverAgain(entry, request, random.chance(AT_ONCE_SHARE) ? random.between(0, 20) : random.between(20, REDELIVERED_WITHIN_MS)));
    }
  }

  return {
    burst(size) {
      for (let n = 0; n < size; n++) begin();
    },
    underWay: () => open.size,
    async settled(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      while (open.size > 0 && performance.now() < deadline) await sleep(100);
      return open.size === 0;
    },
    raw,
    async close() {
      isClosed = true;
      mails.close();
      await Promise.all([client.close(), raw.close()]);
    },
  };
}

function isMailDoor(door: Door): door is MailDoor {
  return (MAIL_DOORS as readonly Door[]).includes(door);
}

function isWebhookDoor(door: Door): door is WebhookDoor {
  return (WEBHOOK_DOORS as readonly Door[]).includes(door);
}
