import type { SourceKindName } from "@openticket/contract";
import { evaluateEvent } from "../../src/mapping/evaluate-event.ts";
import type { EventReading } from "../../src/mapping/event-messages.ts";
import { makeSandbox } from "../../src/mapping/sandbox.ts";
import { rulesOf } from "../../src/presets/presets.ts";

const sandbox = makeSandbox();

/** What the preset of a kind makes of a body. */
export async function tryPreset(
  kind: SourceKindName,
  body: unknown,
  { headers = {}, contentType }: { headers?: Record<string, string>; contentType?: string } = {},
): Promise<EventReading> {
  const { mapping, correlation } = rulesOf({ kind });
  if (!mapping) throw new Error(`${kind} has no preset`);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const task = { body: new TextEncoder().encode(text), contentType, headers, source: "my-source", kind, receivedAt: "2026-11-01T12:00:00.000Z" };
  return evaluateEvent({ ...task, mapping, correlation }, sandbox);
}
