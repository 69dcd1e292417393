import type { EventCorrelation, EventMapping } from "@openticket/contract";

/** What becomes of the events of a kind whose source says nothing of its own. */
export interface Preset {
  mapping: EventMapping;
  /** Absent: every event stands alone. */
  correlation?: EventCorrelation;
}

const S_PER_DAY = 86_400;
/** Windows of what goes on: alerts that are sent again every few hours, and what people work on for weeks, s. */
export const WEEK_S = 7 * S_PER_DAY;
export const MONTH_S = 31 * S_PER_DAY;
export const QUARTER_S = 92 * S_PER_DAY;

/** Lines of a message: those of the expressions that yield a text, one below the other. */
export function lines(...expressions: readonly string[]): string {
  return `$join($filter([${expressions.join(", ")}], function($line) { $type($line) = "string" }), "\\n")`;
}

/** Members of a group that a message tells of one by one: a group of thousands is known by its first ones, and has to be read in time. */
const MAX_TOLD = 20;

/**
 * Lines about the first members of a list, and how many there are beside them. By their places, written out: any other way
 * to say "the first" asks every member, some 5 µs each.
 */
export function firstOf(list: string, line: string): readonly string[] {
  const places = Array.from({ length: MAX_TOLD }, (_, place) => `${list}[${place}]`);
  return [`[${places.join(", ")}].(${line})`, `($count(${list}) > ${MAX_TOLD} ? "\\n" & ($count(${list}) - ${MAX_TOLD}) & " more")`];
}

/** A line of a message with a label; nothing where the expression yields nothing. */
export function labelled(label: string, expression: string): string {
  return `($exists(${expression}) and ${expression} != "" and ${expression} != null ? "${label}: " & $string(${expression}))`;
}

/** A priority by a severity that others name: what wakes people is High, what informs is Low. */
export function priorityBy(severity: string): string {
  return `($severity := $lowercase($string(${severity})); $severity in ["critical", "fatal", "page", "emergency", "high", "error", "major"] ? "High" : $severity in ["low", "info", "information", "informational", "debug", "none", "note"] ? "Low" : "Medium")`;
}
