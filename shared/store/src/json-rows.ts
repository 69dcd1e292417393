/** Tokens of JSON that tell where a row starts; a string holds no line break. */
const TOKEN = /\n|"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/g;

/**
 * The line, from 1, on which each row starts: of a list, under the name "", or of the lists in an object, under their
 * names. `json` must be valid.
 */
export function linesOfRows(json: string): Map<string, number[]> {
  const lines = new Map<string, number[]>();
  const rowDepth = json.trimStart().startsWith("[") ? 1 : 2;
  let line = 1;
  let depth = 0;
  let name = "";
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === "\n") line += 1;
    if (token === "]" || token === "}") depth -= 1;
    if (/^[\n\]},:]$/.test(token)) continue;
    if (depth === rowDepth) lines.get(name)?.push(line);
    if (depth === 1 && rowDepth === 2 && token.startsWith('"')) name = JSON.parse(token);
    if (token !== "[" && token !== "{") continue;
    depth += 1;
    // A name that comes twice: its last list is the one that counts.
    if (depth === rowDepth) lines.set(name, []);
  }
  return lines;
}

/** The line on which text stops being JSON: the parser's errors name a position, or the end. */
export function lineOfSyntaxError(json: string, { message }: SyntaxError): number {
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? json.length);
  return json.slice(0, position).split("\n").length;
}
