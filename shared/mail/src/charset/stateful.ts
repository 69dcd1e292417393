import iconv from "iconv-lite";
import { LF } from "../bytes.ts";

const ESCAPE = 0x1b;
const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const TILDE = 0x7e;

/** A set that escape sequences of ISO 2022 choose. `double`: two bytes a character. */
type Designated = "ascii" | "kana" | "jis" | "jis-supplement" | "gb" | "korean";
const isDouble = (set: Designated) => set === "jis" || set === "jis-supplement" || set === "gb" || set === "korean";

/** By what follows the escape; the longest first. */
const DESIGNATIONS: readonly (readonly [sequence: string, set: Designated, isShifted: boolean])[] = [
  ["$(D", "jis-supplement", false],
  ["$(C", "korean", false],
  ["$(O", "jis", false],
  ["$(P", "jis", false],
  ["$(Q", "jis", false],
  ["$(@", "jis", false],
  ["$(B", "jis", false],
  ["$(A", "gb", false],
  ["$)C", "korean", true],
  ["$)A", "gb", true],
  ["$)G", "gb", true],
  ["$B", "jis", false],
  ["$@", "jis", false],
  ["$A", "gb", false],
  ["(I", "kana", false],
  ["(J", "ascii", false],
  ["(B", "ascii", false],
  ["(H", "ascii", false],
];

/**
 * Text of ISO-2022-JP in all its variants, -KR, -CN: runs of bytes between escape and shift sequences, each read in the
 * set that it was switched to. The table of Windows is used for Japanese, because what mail programs send are its
 * characters. A line end switches back to ASCII where a program forgot to.
 */
export function decodeIso2022(bytes: Buffer): string {
  let text = "";
  let current: Designated = "ascii";
  let shifted: Designated = "kana";
  let at = 0;
  while (at < bytes.length) {
    const stop = runEnd(bytes, at, isDouble(current));
    text += decodeRun(bytes.subarray(at, stop), current);
    const byte = bytes[stop];
    at = stop + 1;
    if (byte === SHIFT_OUT) current = shifted;
    if (byte === SHIFT_IN) current = "ascii";
    if (byte === LF) {
      text += "\n";
      current = "ascii";
    }
    if (byte !== ESCAPE) continue;
    const following = bytes.toString("latin1", at, at + 3);
    const found = DESIGNATIONS.find(([sequence]) => following.startsWith(sequence));
    if (!found) continue;
    const [sequence, set, isShifted] = found;
    at += sequence.length;
    if (isShifted) shifted = set;
    else current = set;
  }
  return text;
}

/** Text of HZ: `~{` and `~}` around pairs of GB 2312, `~~` a tilde. */
export function decodeHz(bytes: Buffer): string {
  let text = "";
  let isGb = false;
  let at = 0;
  while (at < bytes.length) {
    const tilde = bytes.indexOf(TILDE, at);
    const stop = tilde === -1 ? bytes.length : tilde;
    text += decodeRun(bytes.subarray(at, stop), isGb ? "gb" : "ascii");
    const next = String.fromCharCode(bytes[stop + 1] ?? 0);
    if (next === "{" || next === "}") isGb = next === "{";
    if (next === "~") text += "~";
    at = stop + (stop < bytes.length && "{}~\n".includes(next) ? 2 : 1);
  }
  return text;
}

function runEnd(bytes: Buffer, from: number, endsAtLine: boolean): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === ESCAPE || byte === SHIFT_OUT || byte === SHIFT_IN || (endsAtLine && byte === LF)) return at;
    at += 1;
  }
  return at;
}

function decodeRun(run: Buffer, set: Designated): string {
  if (run.length === 0) return "";
  // Eight-bit bytes among ASCII are half-width kana, or Shift_JIS under a wrong name.
  if (set === "ascii") return isAscii(run) ? run.toString("latin1") : iconv.decode(run, "cp932");
  if (set === "kana") return iconv.decode(withHighBits(run), "cp932");
  if (set === "jis") return iconv.decode(toShiftJis(run), "cp932");
  if (set === "jis-supplement") return iconv.decode(toSupplement(run), "euc-jp");
  return iconv.decode(withHighBits(run), set === "gb" ? "gb18030" : "cp949");
}

function isAscii(run: Buffer): boolean {
  return run.every((byte) => byte < 0x80);
}

function withHighBits(run: Buffer): Buffer {
  return Buffer.from(run.map((byte) => (byte > 0x20 ? byte | 0x80 : byte)));
}

/** A pair of JIS X 0208 is a pair of Shift_JIS by arithmetic; other bytes stay. */
function toShiftJis(run: Buffer): Buffer {
  const out = Buffer.from(run);
  for (let at = 0; at + 1 < run.length; at += 1) {
    const row = (run[at] ?? 0) & 0x7f;
    const cell = (run[at + 1] ?? 0) & 0x7f;
    if (row < 0x21 || row === 0x7f || cell < 0x21 || cell === 0x7f) continue;
    const lead = ((row - 0x21) >> 1) + 0x81;
    out[at] = lead > 0x9f ? lead + 0x40 : lead;
    out[at + 1] = row % 2 === 0 ? cell + 0x7e : cell + (cell > 0x5f ? 0x20 : 0x1f);
    at += 1;
  }
  return out;
}

function toSupplement(run: Buffer): Buffer {
  const out: number[] = [];
  for (let at = 0; at + 1 < run.length; at += 2) out.push(0x8f, (run[at] ?? 0) | 0x80, (run[at + 1] ?? 0) | 0x80);
  return Buffer.from(out);
}
