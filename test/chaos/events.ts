import type { ExpectedEvent, WebhookDoor } from "./ledger.ts";
import type { Random } from "./random.ts";

/** An event as a provider tells of it. */
export interface WebhookEvent {
  /** In the ticket's subject. */
  tag: string;
  /** Every delivery is written anew, and says when. */
  body(): string;
  expected: ExpectedEvent;
  /** Why it must not become a ticket. */
  wrongWith?: string;
  /** How it is forged: signed with a wrong secret, or altered after it was signed. */
  forged?: "secret" | "body";
}

type EventDoor = Exclude<WebhookDoor, "webhook-mail">;

const KINDS = { good: 85, unwanted: 4, refused: 4, "forged by another": 4, "altered on its way": 3 };
/** Things that alerts are about at a time; each has a ticket of its own. */
const TOPICS = 5;
/** Alerts about one thing, until another one takes its place. */
const MOST_ALERTS = 25;
const NO_DEPARTMENT = 999;

/** The n-th event of a run; alerts are about things that others are about as well. */
export function makeEvents({ seed, random }: { seed: number; random: Random }): { next(door: EventDoor, number: number): WebhookEvent } {
  const topics: { tag: string; left: number }[] = [];

  function topicOf(tag: string): string {
    const at = random.between(0, TOPICS - 1);
    const known = topics[at];
    if (known && known.left-- > 0) return known.tag;
    topics[at] = { tag, left: random.between(1, MOST_ALERTS) };
    return tag;
  }

  return {
    next(door, number) {
      const kind = random.weighted(KINDS);
      const own = `chaos-${seed}-${number}.`;
      const tag = door === "webhook-alert" && kind === "good" ? topicOf(own) : own;
      return { tag, ...contentOf(door, { tag, id: `${door}-${seed}-${number}`, kind }) };
    },
  };
}

interface Told {
  tag: string;
  id: string;
  kind: keyof typeof KINDS;
}

function contentOf(door: EventDoor, { tag, id, kind }: Told): Omit<WebhookEvent, "tag"> {
  const data = { subject: `Event ${tag}`, message: `This is **${id}**.`, deptid: kind === "refused" ? NO_DEPARTMENT : 1, wanted: kind !== "unwanted" };
  const written = () => ({ ...data, sentAt: performance.now() });
  const body = () => JSON.stringify(door === "webhook-event" ? { type: "chaos.made", data: written() } : { id, about: tag, ...written() });
  const event = (endsAs: ExpectedEvent["endsAs"]) => ({ body, expected: { eventId: id, endsAs } });
  switch (kind) {
    case "good":
      return event(door === "webhook-alert" ? "shared" : "ticket");
    case "unwanted":
      return { ...event("ignored"), wrongWith: "unwanted" };
    case "refused":
      return { ...event("refused"), wrongWith: "invalid" };
    case "forged by another":
      return { ...event("nowhere"), wrongWith: "unauthenticated", forged: "secret" };
    case "altered on its way":
      // A token proves who calls, and not what is said: there only the wrong token is a forgery.
      return { ...event("nowhere"), wrongWith: "unauthenticated", forged: door === "webhook-event" ? "body" : "secret" };
  }
}
