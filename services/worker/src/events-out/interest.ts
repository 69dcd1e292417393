import type { EventType, WebhookEndpoint } from "@openticket/contract";
import { type Logger, startLoop } from "@openticket/runtime";
import { isActive } from "@openticket/webhooks";

/**
 * Who wants to hear of what, as this worker knows it.
 *
 * It is asked for every ticket, before anything is written: so it answers from memory, and what it knows is a few seconds
 * old. An endpoint that is new hears of what happens after that; to one that was removed nothing is sent any more.
 */
export interface Interest {
  wants(type: EventType): boolean;
  /** The active endpoints that want such an event; `deptid`: the department that it is about, if any. */
  recipients(type: EventType, deptid: number | undefined): WebhookEndpoint[];
  /** All active endpoints. */
  active(): readonly WebhookEndpoint[];
  /** Looks again now. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface InterestDeps {
  load(): Promise<WebhookEndpoint[]>;
  random(): number;
  logger: Logger;
}

/** How old the knowledge gets, ms. */
const REFRESH_MS = 3000;

/** See {@link Interest}. Throws when the endpoints cannot be read at first; later the last answer holds. */
export async function startInterest({ load, random, logger }: InterestDeps): Promise<Interest> {
  let endpoints: readonly WebhookEndpoint[] = [];
  let types: ReadonlySet<EventType> = new Set();
  let asked = 0;
  let heard = 0;
  async function refresh(): Promise<void> {
    const question = ++asked;
    const loaded = await load();
    // A later question was answered first, and knows more.
    if (question < heard) return;
    heard = question;
    endpoints = loaded.filter(isActive);
    types = new Set(endpoints.flatMap(({ events }) => events));
  }
  await refresh();
  const loop = startLoop({
    round: () => refresh().then(() => false),
    intervalMs: REFRESH_MS,
    random,
    onFault: (err) => logger.warn({ err }, "endpoints not read"),
  });
  return {
    wants: (type) => types.has(type),
    recipients: (type, deptid) => endpoints.filter((endpoint) => endpoint.events.includes(type) && isAbout(deptid, endpoint)),
    active: () => endpoints,
    refresh,
    close: () => loop.close(),
  };
}

function isAbout(deptid: number | undefined, { deptids }: WebhookEndpoint): boolean {
  return deptids === undefined || (deptid !== undefined && deptids.includes(deptid));
}
