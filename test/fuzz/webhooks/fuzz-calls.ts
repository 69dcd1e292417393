import type { WebhookCall } from "@openticket/webhooks";
import { makeRandom, type Random } from "../random.ts";
import { type Judged, judgeCall, judgeEvent, judgeGenuine } from "./judge-call.ts";
import { mutateCall } from "./mutate-call.ts";
import { mutateEvent } from "./mutate-event.ts";
import type { Original } from "./originals.ts";

export interface CallFinding {
  /** Number of the call in its run. */
  number: number;
  /** Of whose kind it is. */
  name: string;
  call: WebhookCall;
  why: string;
}

/** What a run came to. */
export interface CallFigures {
  found: CallFinding[];
  /** Calls by what was done to them: genuine ones, altered ones, and events that were altered before they were signed. */
  genuine: number;
  altered: number;
  events: number;
  /** Altered ones that are verified all the same, because what was altered proves nothing. */
  verifiedAltered: number;
  /** The longest that any of them took, ms of CPU. */
  longestMs: number;
}

/** Makes so many calls of the originals, one after the other, and judges each; `onProgress` hears how many are done. */
export async function fuzzCalls({
  originals,
  calls,
  seed,
  onProgress,
}: {
  originals: readonly Original[];
  calls: number;
  seed: number;
  onProgress?: (done: number) => void;
}): Promise<CallFigures> {
  const random = makeRandom(seed);
  const figures: CallFigures = { found: [], genuine: 0, altered: 0, events: 0, verifiedAltered: 0, longestMs: 0 };
  for (let number = 0; number < calls; number += 1) {
    const original = originals[number % originals.length] ?? random.of(originals);
    const { call, what, judged } = await oneCall(original, originals, random);
    figures[what] += 1;
    if (what === "altered" && judged.isVerified) figures.verifiedAltered += 1;
    figures.longestMs = Math.max(figures.longestMs, judged.cpuMs);
    if (judged.why !== undefined) figures.found.push({ number, name: original.name, call, why: judged.why });
    onProgress?.(number + 1);
  }
  return figures;
}

const GENUINE_SHARE = 50;
const EVENT_SHARE = 5;

interface OneCall {
  call: WebhookCall;
  what: "genuine" | "altered" | "events";
  judged: Judged;
}

async function oneCall(original: Original, originals: readonly Original[], random: Random): Promise<OneCall> {
  const other = random.of(originals);
  if (random.below(GENUINE_SHARE) === 0) return { call: original.call, what: "genuine", judged: await judgeGenuine(original.call, original) };
  if (original.withBody && random.below(EVENT_SHARE) === 0) {
    const event = mutateEvent(eventIn(original), eventIn(other), random);
    const call = original.withBody(Buffer.from(event));
    return { call, what: "events", judged: await judgeEvent(call, original) };
  }
  const call = mutateCall(original.call, other.call, random);
  return { call, what: "altered", judged: await judgeCall(call, original, originals) };
}

function eventIn({ withBody, call }: Original): unknown {
  return withBody ? JSON.parse(call.body.toString("utf8")) : "a mail";
}
