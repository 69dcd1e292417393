import { decodeText } from "../charset/decode-text.ts";
import { hexValue } from "../transfer/quoted-printable.ts";
import { headerText, oneLine } from "./header-text.ts";
import type { Parameterised } from "./parameters.ts";

/**
 * Text of a parameter such as `filename`, in any of its forms: extended and continued (RFC 2231), encoded words as mail
 * programs put them there, raw bytes. The extended form counts when both are there: the plain one is its substitute for
 * old readers. Undefined when there is none.
 */
export function parameterText({ parameters }: Parameterised, name: string, hint?: string | undefined): string | undefined {
  const extended = extendedText(parameters, name, hint);
  if (extended) return extended;
  const plain = parameters.find(([own, value]) => own === name && value !== "");
  return plain && (headerText(plain[1], hint) || undefined);
}

interface Piece {
  index: number;
  isEncoded: boolean;
  value: string;
}

function extendedText(parameters: Parameterised["parameters"], name: string, hint: string | undefined): string | undefined {
  const pieces = piecesOf(parameters, name);
  if (pieces.length === 0) return undefined;
  // A program that knows half of the standard: pieces that are encoded words.
  if (pieces.every(({ isEncoded, value }) => !isEncoded || value.includes("=?"))) return headerText(pieces.map(({ value }) => value).join(""), hint);
  const [, charset = "", firstValue = ""] = /^([^']*)'[^']*'(.*)$/s.exec(pieces[0]?.isEncoded ? pieces[0].value : "") ?? [];
  const bytes = pieces.map(({ value, isEncoded }, position) => {
    const own = position === 0 && (charset || firstValue) ? firstValue : value;
    return isEncoded ? percentDecoded(own) : Buffer.from(own, "latin1");
  });
  return oneLine(decodeText(Buffer.concat(bytes), charset.trim() || undefined, hint));
}

/** `name*`, or `name*0`, `name*0*`, …, in the order of their numbers. */
function piecesOf(parameters: Parameterised["parameters"], name: string): Piece[] {
  const pieces: Piece[] = [];
  for (const [own, value] of parameters) {
    if (!own.startsWith(`${name}*`)) continue;
    const [, digits, star] = /^\*(\d{0,4})(\*?)$/.exec(own.slice(name.length)) ?? [];
    if (digits === undefined || pieces.some(({ index }) => index === Number(digits))) continue;
    pieces.push({ index: Number(digits), isEncoded: digits === "" || star === "*", value });
  }
  return pieces.toSorted((a, b) => a.index - b.index);
}

function percentDecoded(text: string): Buffer {
  const out = Buffer.alloc(text.length);
  let used = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const high = code === 37 ? hexValue(text.charCodeAt(at + 1)) : -1;
    const low = high >= 0 ? hexValue(text.charCodeAt(at + 2)) : -1;
    out[used++] = low >= 0 ? high * 16 + low : code;
    if (low >= 0) at += 2;
  }
  return out.subarray(0, used);
}
