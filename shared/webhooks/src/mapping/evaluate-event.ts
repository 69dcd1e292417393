import type { EventReading, EventTask, MappedParams } from "./event-messages.ts";
import { readEventText } from "./event-text.ts";
import type { Sandbox, SandboxEvent } from "./sandbox.ts";

/** Longest value of one expression, and of all of one event together, in characters of JSON. */
const MAX_VALUE = 1_000_000;
const MAX_VALUES = 2_000_000;
/** Longest correlation key, in characters. */
const MAX_KEY = 2000;

/**
 * What an event is by its source's mapping and correlation. An event that says it is over needs no ticket, so the mapping of
 * one is not asked. Never throws for what the event or an expression does.
 */
export async function evaluateEvent(task: EventTask, sandbox: Sandbox): Promise<EventReading> {
  const text = readEventText(task.body, task.contentType);
  if (text.kind === "unreadable") return text;
  const { headers, source, kind, receivedAt, mapping, correlation } = task;
  const bindings = { headers: JSON.stringify(headers), source: JSON.stringify(source), kind: JSON.stringify(kind), receivedAt: JSON.stringify(receivedAt) };
  const event: SandboxEvent = { input: text.text, bindings };
  const ask = (path: string, expression: string) => valueAt(path, expression, event, sandbox);
  try {
    if (mapping.when !== undefined && (await ask("mapping.when", mapping.when)) !== true) return { kind: "unwanted" };
    const key = correlation ? keyOf(await ask("correlation.key", correlation.key)) : undefined;
    const isResolved = correlation?.resolved !== undefined && (await ask("correlation.resolved", correlation.resolved)) === true;
    const happenedAt = correlation?.happenedAt === undefined ? undefined : instantOf(await ask("correlation.happenedAt", correlation.happenedAt));
    const common = { kind: "mapped" as const, isResolved, ...(key !== undefined && { key }), ...(happenedAt !== undefined && { happenedAt }) };
    return isResolved ? common : { ...common, params: await paramsOf(mapping.ticket, ask) };
  } catch (error) {
    if (error instanceof ExpressionFailed) return { kind: "unmappable", path: error.path, because: error.message };
    throw error;
  }
}

class ExpressionFailed extends Error {
  override name = "ExpressionFailed";
  readonly path: string;
  constructor(path: string, because: string) {
    super(because);
    this.path = path;
  }
}

type Ask = (path: string, expression: string) => Promise<unknown>;

async function paramsOf(ticket: EventTask["mapping"]["ticket"], ask: Ask): Promise<MappedParams> {
  const params: MappedParams = {};
  let size = 0;
  for (const [name, expression] of Object.entries(ticket)) {
    const path = `mapping.ticket.${name}`;
    const value = await ask(path, expression);
    if (value === undefined || value === null) continue;
    size += JSON.stringify(value).length;
    if (size > MAX_VALUES) throw new ExpressionFailed(path, `the values of the ticket have more than ${MAX_VALUES} characters together`);
    // What came out of a text of JSON is JSON.
    params[name] = value as MappedParams[string];
  }
  return params;
}

async function valueAt(path: string, expression: string, event: SandboxEvent, sandbox: Sandbox): Promise<unknown> {
  const text = await sandbox.evaluate(expression, event).catch((error: unknown) => {
    throw new ExpressionFailed(path, wordsOf(error));
  });
  if (text === undefined) return undefined;
  if (text.length > MAX_VALUE) throw new ExpressionFailed(path, `its value has more than ${MAX_VALUE} characters`);
  return JSON.parse(text);
}

/** The library throws objects with a message and a position, and the engine its own errors, of another world than ours. */
function wordsOf(error: unknown): string {
  const { message, position, name } = (error ?? {}) as { message?: unknown; position?: unknown; name?: unknown };
  if (name === "RangeError" || message === undefined) return "it needs too much room: it calls itself too often, or makes too large a value";
  return typeof position === "number" ? `${message}, at character ${position}` : String(message);
}

/** Equal for equal values; "" and nothing are no key. */
function keyOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const key = typeof value === "string" ? value : JSON.stringify(value);
  if (key.length > MAX_KEY) throw new ExpressionFailed("correlation.key", `the key has more than ${MAX_KEY} characters`);
  return key;
}

/** Unix times below are in s, those from here on in ms: the year 5138, and 1973. */
const FIRST_IN_MS = 1e11;
/** The last instant that a date can be of, ms: one in ns is beyond it. */
const LAST_IN_MS = 8.64e15;
/** A time of day of ISO 8601, or as many programs print it, with its zone. */
const WITH_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|UTC|[+-]\d\d:?\d\d)$/;

/** ms since 1970; undefined for what is no instant. */
function instantOf(value: unknown): number | undefined {
  if (typeof value === "number") return value > 0 && value <= LAST_IN_MS ? value * (value < FIRST_IN_MS ? 1000 : 1) : undefined;
  const instant = typeof value === "string" && WITH_ZONE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(instant) ? undefined : instant;
}
