/**
 * When a mail says that it was written, as far as that tells mails apart. Doors, which are not to load what reads mails, and
 * workers read it here, so that one mail has one instant everywhere: the form of RFC 5322 with its obsolete zones, and the two
 * others that devices write. A zone that is missing or an unknown word counts as UTC, whatever that of this process is. Two
 * instants that differ are two mails, so what is only half understood is none.
 */

const ZONES: Readonly<Record<string, string>> = {
  EST: "-0500",
  EDT: "-0400",
  CST: "-0600",
  CDT: "-0500",
  MST: "-0700",
  MDT: "-0600",
  PST: "-0800",
  PDT: "-0700",
  CET: "+0100",
  CEST: "+0200",
};
const TIME = String.raw`(\d{1,2}:\d\d(?::\d{1,2})?)`;
/** `PM` is no zone. */
const ZONE = String.raw`(?: ?([+-]\d\d:?\d\d|(?![ap]m\b)[a-z]{1,5}))?`;
/** Nothing may follow but a comment. */
const END = String.raw` ?(?:\(|$)`;
const RFC = new RegExp(String.raw`(\d{1,2})[ -]([a-z]{3})[a-z]*[ ,-]+(\d{4}|\d\d) ${TIME}${ZONE}${END}`, "i");
/** Of C's asctime: `Wed May 5 14:00:00 2004`. */
const ASCTIME = new RegExp(String.raw`([a-z]{3}) (\d{1,2}) ${TIME}${ZONE} (\d{4})${END}`, "i");
const ISO = new RegExp(String.raw`^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?${ZONE}${END}`, "i");
/** A longer header says nothing, characters. */
const LONGEST = 200;
/** A mail of another year was not written then; of those beyond 9999 ISO 8601 has no date. */
const [FIRST_YEAR, LAST_YEAR] = [1970, 9998];

/** The instant that a Date header names; undefined when it cannot be told. */
export function writtenAtOf(header: string): Date | undefined {
  const text = header.replace(/\s+/g, " ").trim();
  if (text.length > LONGEST) return undefined;
  const [, date, clock, offset] = ISO.exec(text) ?? [];
  if (date !== undefined) return valid(`${date}T${clock}${zoneOf(offset)}`);
  const [, day, month, year, time, zone] = RFC.exec(text) ?? [];
  if (day !== undefined) return valid(`${day} ${month} ${year} ${time} ${zoneOf(zone)}`);
  const asctime = ASCTIME.exec(text);
  return asctime ? valid(`${asctime[2]} ${asctime[1]} ${asctime[5]} ${asctime[3]} ${zoneOf(asctime[4])}`) : undefined;
}

/** Such as `+01:00`. */
function zoneOf(zone = ""): string {
  const offset = /^[+-]/.test(zone) ? zone : (ZONES[zone.toUpperCase()] ?? "+0000");
  return offset.replace(/^(...)(\d\d)$/, "$1:$2");
}

function valid(text: string): Date | undefined {
  const date = new Date(text);
  const year = date.getUTCFullYear();
  return year >= FIRST_YEAR && year <= LAST_YEAR ? date : undefined;
}
