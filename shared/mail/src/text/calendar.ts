/** What is read of an invitation: enough for a first look, and the file has the rest. */
const MAX_ICS_CHARS = 200_000;
const MAX_VALUE_CHARS = 1_000;

/** Properties of the first event that make a line each, in order. */
const LABELS = [
  ["SUMMARY", "Event"],
  ["DTSTART", "Start"],
  ["DTEND", "End"],
  ["DURATION", "Duration"],
  ["LOCATION", "Where"],
  ["ORGANIZER", "Organiser"],
  ["RRULE", "Repeats"],
  ["STATUS", "Status"],
  ["DESCRIPTION", "Description"],
] as const;
const METHODS: Record<string, string> = {
  REQUEST: "Invitation",
  REPLY: "Answer to an invitation",
  CANCEL: "Cancelled",
  COUNTER: "Counter-proposal",
  PUBLISH: "Calendar entry",
};
const ANSWERS: Record<string, string> = { ACCEPTED: "accepted", DECLINED: "declined", TENTATIVE: "accepted tentatively", DELEGATED: "delegated" };

/** A few lines that say what a `text/calendar` part is about (RFC 5545); "" when it holds no event. Never throws. */
export function describeCalendar(ics: string): string {
  const properties = firstEvent(ics.slice(0, MAX_ICS_CHARS));
  if (properties === undefined) return "";
  const method = properties.get("METHOD")?.value.toUpperCase() ?? "";
  const lines = [METHODS[method] ?? "Calendar entry"];
  for (const [name, label] of LABELS) {
    const property = properties.get(name);
    const shown = property === undefined ? "" : shownValue(name, property).slice(0, MAX_VALUE_CHARS);
    if (shown !== "") lines.push(`${label}: ${shown}`);
  }
  const answer = method === "REPLY" ? answerOf(properties.get("ATTENDEE")) : "";
  return [...lines, ...(answer === "" ? [] : [`Answer: ${answer}`])].join("\n");
}

interface Property {
  parameters: Map<string, string>;
  value: string;
}

/** The method, and the first value of each property of the first event or task. Sub-components, such as alarms, are left out. */
function firstEvent(ics: string): Map<string, Property> | undefined {
  const properties = new Map<string, Property>();
  const path: string[] = [];
  for (const line of ics
    .replace(/\r\n?/g, "\n")
    .replace(/\n[ \t]/g, "")
    .split("\n")) {
    const property = readProperty(line);
    if (property === undefined) continue;
    if (property.name === "BEGIN") path.push(property.value.trim().toUpperCase());
    else if (property.name === "END" && isEvent(path)) return properties;
    else if (property.name === "END") path.pop();
    else if (isEvent(path) ? !properties.has(property.name) : property.name === "METHOD" && path.length <= 1) properties.set(property.name, property);
  }
  return isEvent(path) ? properties : undefined;
}

function isEvent(path: readonly string[]): boolean {
  const isInCalendar = path.length === 1 || (path.length === 2 && path[0] === "VCALENDAR");
  return isInCalendar && (path.at(-1) === "VEVENT" || path.at(-1) === "VTODO");
}

function readProperty(line: string): (Property & { name: string }) | undefined {
  const colon = valueStart(line);
  if (colon < 0) return undefined;
  const [name = "", ...parameters] = line.slice(0, colon).split(";");
  const pairs = parameters.map((parameter): [string, string] => {
    const equals = parameter.indexOf("=");
    return [parameter.slice(0, equals).toUpperCase(), parameter.slice(equals + 1).replace(/"/g, "")];
  });
  return { name: name.trim().toUpperCase(), parameters: new Map(pairs), value: line.slice(colon + 1) };
}

/** The first colon that is not inside quotes. */
function valueStart(line: string): number {
  let isQuoted = false;
  for (let index = 0; index < line.length; index += 1) {
    if (line[index] === '"') isQuoted = !isQuoted;
    if (line[index] === ":" && !isQuoted) return index;
  }
  return -1;
}

function shownValue(name: string, { parameters, value }: Property): string {
  if (name === "DTSTART" || name === "DTEND") return instantOf(value, parameters.get("TZID"));
  if (name === "ORGANIZER") return personOf({ parameters, value });
  return value
    .replace(/\\n/gi, name === "DESCRIPTION" ? "\n" : " ")
    .replace(/\\([,;\\])/g, "$1")
    .trim();
}

/** As it stands there, written readably: a zone by its name, no reckoning with zones of strangers. */
function instantOf(value: string, zone: string | undefined): string {
  const parts = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d{0,2}(Z?))?/.exec(value.trim());
  if (parts === null) return value.trim();
  const [, year, month, day, hour, minute, utc] = parts;
  const date = `${year}-${month}-${day}`;
  if (hour === undefined) return date;
  const where = utc === "Z" ? " UTC" : zone === undefined ? "" : ` (${zone})`;
  return `${date} ${hour}:${minute}${where}`;
}

function personOf({ parameters, value }: Property): string {
  const address = value.trim().replace(/^mailto:/i, "");
  const name = parameters.get("CN")?.trim() ?? "";
  return name === "" || name === address ? address : `${name} <${address}>`;
}

function answerOf(attendee: Property | undefined): string {
  const answer = ANSWERS[attendee?.parameters.get("PARTSTAT")?.toUpperCase() ?? ""];
  return attendee === undefined || answer === undefined ? "" : `${personOf(attendee)} ${answer}`;
}
