/**
 * Subjects, names and reasons are written by strangers, and a terminal obeys what stands in them: moves its cursor, sets
 * its title, writes to its clipboard (CWE-150). So whatever is printed shows controls as escapes instead. They are those of
 * JSON, in whose strings the C1 controls may stand bare: its value stays the same.
 */

/** Controls but tab and line end; marks that break lines or turn the order of text around (Unicode TR 36, 2.5). */
const UNSEEN = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text of any number of lines, fit for a terminal. */
export function printable(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** One line of it: line ends and tabs are escapes as well. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, escaped);
}

function escaped(control: string): string {
  return SHORT[control] ?? `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
