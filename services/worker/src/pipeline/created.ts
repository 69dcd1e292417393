import { type RequestError, referenceError } from "@openticket/contract";
import type { Findings } from "./findings.ts";

/** ISO 8601 calendar dates, extended or basic, with an optional time and offset; and `YYYY-MM-DD HH:mm:ss`. */
const FORMATS = [
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[Tt](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d{1,9}))?)?(?<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?$/,
  /^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)(?:[Tt](?<hour>\d\d)(?<minute>\d\d)(?:(?<second>\d\d)(?:[.,](?<fraction>\d{1,9}))?)?(?<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?$/,
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)$/,
];

const MS_PER_MINUTE = 60_000;

export interface CreatedRules {
  /** Zone of times without an offset. */
  timeZone: string;
  now: Date;
  /** The action's error for a time that has not come yet. */
  inFuture: RequestError;
}

/** The instant that `created` names, undefined when it is absent or wrong. */
export function readCreated(given: string | undefined, { timeZone, now, inFuture }: CreatedRules, findings: Findings): Date | undefined {
  if (given === undefined) return undefined;
  const instant = parseInstant(given, timeZone);
  if (!instant) findings.error(referenceError("date_invalid"));
  if (instant && instant > now) findings.error(inFuture);
  return instant && instant <= now ? instant : undefined;
}

/** The instant written in `text`, undefined when it is in none of the two formats or no real date. */
export function parseInstant(text: string, timeZone: string): Date | undefined {
  const parts = FORMATS.map((format) => format.exec(text.trim())?.groups).find((groups) => groups !== undefined);
  if (!parts) return undefined;
  const number = (name: string) => Number(parts[name] ?? 0);
  const [month, day, hour, minute, second] = [number("month"), number("day"), number("hour"), number("minute"), number("second")];
  const ms = Math.floor(Number(`0.${parts.fraction ?? 0}`) * 1000);
  const wallClock = new Date(0);
  wallClock.setUTCFullYear(number("year"), month - 1, day);
  wallClock.setUTCHours(hour, minute, second, ms);
  const isReal = wallClock.getUTCMonth() === month - 1 && wallClock.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isReal) return undefined;
  const offsetMs = parts.offset === undefined ? zoneOffsetMs(wallClock, timeZone) : parseOffsetMs(parts.offset);
  return offsetMs === undefined ? undefined : new Date(wallClock.getTime() - offsetMs);
}

function parseOffsetMs(offset: string): number | undefined {
  if (offset.toUpperCase() === "Z") return 0;
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? [];
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MS_PER_MINUTE;
}

/**
 * How far the zone's clocks are ahead of UTC when they show `wallClock`. Asked twice, because the first guess may lie
 * on the other side of a change of clocks.
 */
function zoneOffsetMs(wallClock: Date, timeZone: string): number {
  const guess = offsetAtMs(wallClock, timeZone);
  return offsetAtMs(new Date(wallClock.getTime() - guess), timeZone);
}

/** 1800-01-01. No zone has changed its clocks before, and what the formatter shows of dates before 1582 is in another calendar. */
const FIRST_ASKED_MS = Date.UTC(1800);

function offsetAtMs(given: Date, timeZone: string): number {
  const instant = new Date(Math.max(given.getTime(), FIRST_ASKED_MS));
  const shown = Object.fromEntries(
    formatterFor(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  const asUtc = new Date(0);
  asUtc.setUTCFullYear(year, month - 1, day);
  asUtc.setUTCHours(hour, minute, second, 0);
  return asUtc.getTime() - Math.floor(instant.getTime() / 1000) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const fields = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
  const made = new Intl.DateTimeFormat("en-US-u-ca-iso8601", { timeZone, hourCycle: "h23", ...fields });
  formatters.set(timeZone, made);
  return made;
}
