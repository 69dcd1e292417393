import iconv from "iconv-lite";
import { bufferOver } from "../bytes.ts";
import { canonicalCharset } from "../charset/labels.ts";

/** Names of those code pages that are called otherwise than by "windows-" and their number. */
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
  51932: "euc-jp",
  51949: "euc-kr",
  54936: "gb18030",
  65001: "utf-8",
};

/** Decoder of a Windows code page; of windows-1252 for one that is not known. Never throws on bytes. Not of Node: its windows-1252 is Latin-1. */
export function decoderOf(codePage: number): { decode(bytes: Uint8Array): string } {
  const isIso = codePage > 28_590 && codePage < 28_606;
  const label = LABELS[codePage] ?? (isIso ? `iso-8859-${codePage - 28_590}` : `windows-${codePage}`);
  const charset = canonicalCharset(label) ?? "windows-1252";
  return { decode: (bytes) => iconv.decode(bufferOver(bytes), iconv.encodingExists(charset) ? charset : "windows-1252") };
}
