const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** Zones of old mail, hours from UTC. */
const ZONES: Readonly<Record<string, number>> = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
  cet: 1,
  cest: 2,
};
const DATE = /(\d{1,2})[ -]+([a-z]{3})[a-z]{0,6}[ ,-]+(\d{2,4})(?:[ ,T]+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?)?(?: *([+-]\d{4}|[a-z]{1,5}))?/i;
/** Of C's asctime: `Wed May 5 14:00:00 2004`. */
const ASCTIME = /([a-z]{3}) +(\d{1,2}) +(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?: +([+-]\d{4}|[a-z]{1,5}))? +(\d{4})/i;
const LONGEST = 200;

/** The time of a Date header; undefined when it cannot be told. */
export function parseDate(header: string): Date | undefined {
  const text = header.slice(0, LONGEST).replace(/\s+/g, " ");
  const [, day, month, year, hour, minute, second, zone] = DATE.exec(text) ?? [];
  if (day !== undefined) return dateOf({ day, month, year, hour, minute, second, zone });
  const asctime = ASCTIME.exec(text);
  if (asctime)
    return dateOf({ month: asctime[1], day: asctime[2], hour: asctime[3], minute: asctime[4], second: asctime[5], zone: asctime[6], year: asctime[7] });
  return /^\d{4}-\d\d-\d\d/.test(text.trim()) ? valid(new Date(text.trim())) : undefined;
}

function dateOf(parts: Readonly<Record<"day" | "month" | "year" | "hour" | "minute" | "second" | "zone", string | undefined>>): Date | undefined {
  const month = MONTHS.indexOf((parts.month ?? "").toLowerCase());
  if (month === -1) return undefined;
  const [day = 0, hour = 0, minute = 0, second = 0] = [parts.day, parts.hour, parts.minute, parts.second].map((part) => Number(part ?? 0));
  if (day < 1 || day > 31 || hour > 24 || minute > 60 || second > 61) return undefined;
  const at = Date.UTC(fullYear(parts.year ?? ""), month, day, hour, minute, second);
  return valid(new Date(at - offsetMinutes(parts.zone) * 60_000));
}

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 3) return year;
  return text.length === 3 || year >= 50 ? 1900 + year : 2000 + year;
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined) return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return (ZONES[zone.toLowerCase()] ?? 0) * 60;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function valid(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date;
}
