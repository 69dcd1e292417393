import { TextDecoder } from "node:util";

/** Names of those code pages that a decoder has under another name than "windows-" and the number. */
const LABELS: Record<number, string> = {
  932: "shift_jis",
  936: "gbk",
  949: "euc-kr",
  950: "big5",
  1200: "utf-16le",
  10000: "macintosh",
  20127: "us-ascii",
  20866: "koi8-r",
  21866: "koi8-u",
  50220: "iso-2022-jp",
  51932: "euc-jp",
  51949: "euc-kr",
  54936: "gb18030",
  65001: "utf-8",
};

/** Decoder of a Windows code page; of windows-1252 for one that is not known. Never throws on bytes. */
export function decoderOf(codePage: number): TextDecoder {
  const isIso = codePage > 28_590 && codePage < 28_606;
  const label = LABELS[codePage] ?? (isIso ? `iso-8859-${codePage - 28_590}` : `windows-${codePage}`);
  try {
    return new TextDecoder(label);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new TextDecoder("windows-1252");
  }
}
