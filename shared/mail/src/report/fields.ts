/** A line that is longer is cut: what is read of reports are addresses, codes and short reasons. */
const MAX_FIELD_CHARS = 2_000;
const MAX_FIELDS = 200;

/** Fields of one block of a report, or of returned headers: names in lower case, folded lines joined, the first of each name kept. */
export function readFields(block: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = "";
  for (const line of block.split("\n")) {
    if (/^[ \t]/.test(line)) {
      const value = fields.get(name);
      if (value !== undefined && value.length < MAX_FIELD_CHARS) fields.set(name, `${value} ${line.trim().slice(0, MAX_FIELD_CHARS)}`);
      continue;
    }
    const colon = line.indexOf(":");
    const isNew = colon > 0 && fields.size < MAX_FIELDS && !fields.has(line.slice(0, colon).trim().toLowerCase());
    name = isNew ? line.slice(0, colon).trim().toLowerCase() : "";
    if (isNew) fields.set(name, line.slice(colon + 1, colon + MAX_FIELD_CHARS).trim());
  }
  return fields;
}

/** A Message-ID with its angle brackets in a header's value; undefined when there is none. */
export function messageIdIn(value: string | undefined): string | undefined {
  return /<[^<>\s]{1,995}>/.exec(value ?? "")?.[0];
}
