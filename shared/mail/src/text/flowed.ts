/**
 * `text/plain; format=flowed` (RFC 3676): a line that ends in a space goes on in the next one of the same quote depth.
 * A space in front is stuffing; "-- " ends in a space and does not flow.
 */

/** The line of that text that a signature follows (RFC 3676, 4.3). */
const SIGNATURE = "-- ";

/** The text with its lines joined again; quotes as "> " lines. `delSp`: its parameter `delsp=yes`. Never throws; linear. */
export function unflow(text: string, { delSp }: { delSp: boolean }): string {
  const out: string[] = [];
  let pieces: string[] = [];
  let depth = 0;
  const end = () => {
    if (pieces.length > 0) out.push(quoted(depth, pieces.join("")));
    pieces = [];
  };
  for (const raw of text.replace(/\r\n?/g, "\n").split("\n")) {
    const line = readLine(raw);
    if (line.depth !== depth || line.text === SIGNATURE) end();
    depth = line.depth;
    const isFlowed = line.text.endsWith(" ") && line.text !== SIGNATURE;
    pieces.push(isFlowed && delSp ? line.text.slice(0, -1) : line.text);
    if (!isFlowed) end();
  }
  end();
  return out.join("\n");
}

function readLine(raw: string): { depth: number; text: string } {
  let depth = 0;
  while (raw[depth] === ">") depth += 1;
  const isStuffed = raw[depth] === " ";
  return { depth, text: raw.slice(isStuffed ? depth + 1 : depth) };
}

function quoted(depth: number, text: string): string {
  const isSignature = depth === 0 && text === SIGNATURE;
  const line = isSignature ? text : text.trimEnd();
  return depth === 0 ? line : `${">".repeat(depth)} ${line}`.trimEnd();
}
