/** What a provider says of a mail, without what it does not say. */
export function verdictsOf(said: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(said).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value]])));
}
