/**
 * Files that old programs put into the text itself:
 *
 *     begin 644 name
 *     #86)C
 *     `
 *     end
 *
 * Anybody may write a line that starts with "begin": only a file that is whole, to its "end", is taken out.
 */

/** Text without the uuencoded files in it, and those files. */
export interface UuencodeFree {
  text: string;
  files: { name: string; bytes: Uint8Array }[];
}

/** A mail with more has them left in its text. */
const MAX_FILES = 100;
const BEGIN = /^begin(?:-base64)? [0-7]{3,4} (\S.{0,250})$/;

/** Takes uuencoded files out of a text. What is not whole stays text. Never throws; linear in the input. */
export function takeUuencoded(text: string): UuencodeFree {
  if (!/^begin(?:-base64)? [0-7]{3}/m.test(text)) return { text, files: [] };
  const lines = text.split("\n");
  const kept: string[] = [];
  const files: UuencodeFree["files"] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const name = files.length < MAX_FILES ? BEGIN.exec(line.trimEnd())?.[1] : undefined;
    const file = name === undefined ? undefined : readFile(lines, index + 1, line.startsWith("begin-base64"));
    if (name === undefined || file === undefined) {
      kept.push(line);
      continue;
    }
    files.push({ name: name.trim(), bytes: file.bytes });
    index = file.endLine;
  }
  return files.length === 0 ? { text, files } : { text: kept.join("\n").trimEnd(), files };
}

function readFile(lines: string[], first: number, isBase64: boolean): { bytes: Uint8Array; endLine: number } | undefined {
  const pieces: Uint8Array[] = [];
  for (let index = first; index < lines.length; index += 1) {
    const line = (lines[index] ?? "").replace(/\r$/, "");
    if (isBase64 ? line.trim() === "====" : line.trim() === "end") return { bytes: Buffer.concat(pieces), endLine: index };
    const piece = isBase64 ? decodeBase64(line) : decodeLine(line);
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
  return undefined;
}

function decodeBase64(line: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/]*={0,2}\s*$/.test(line) ? Buffer.from(line, "base64") : undefined;
}

/** One line: a character that counts its bytes, then four characters for every three of them; trailing spaces may be lost. */
function decodeLine(line: string): Uint8Array | undefined {
  if (line.trim() === "" || line[0] === "`") return line.length <= 2 ? new Uint8Array() : undefined;
  const size = (line.charCodeAt(0) - 32) & 63;
  const wanted = Math.ceil(size / 3) * 4;
  // Spaces at its end, which encode zeros, may have been cut off on the way; one or two characters may be a checksum.
  const isWhole = /^[ -`]+$/.test(line) && line.length - 1 <= wanted + 2;
  return isWhole ? decodeGroups(line.padEnd(wanted + 1, " "), size) : undefined;
}

function decodeGroups(line: string, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(size / 3) * 3);
  const at = (index: number) => (line.charCodeAt(index) - 32) & 63;
  for (let group = 0; group * 3 < size; group += 1) {
    const from = 1 + group * 4;
    const bits = (at(from) << 18) | (at(from + 1) << 12) | (at(from + 2) << 6) | at(from + 3);
    bytes.set([bits >> 16, (bits >> 8) & 255, bits & 255], group * 3);
  }
  return bytes.subarray(0, size);
}
