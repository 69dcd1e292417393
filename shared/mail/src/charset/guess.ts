import type { Charset } from "./labels.ts";

/** Bytes that a guess looks at. */
const SAMPLE = 8 * 1024;
const CANDIDATES: readonly Charset[] = ["cp932", "euc-jp", "gb18030", "big5", "cp949", "windows-1251", "koi8-r"];
/** Fewest points per character beyond ASCII that a candidate needs against Western Windows. */
const CONVINCING = 0.6;

/** The most frequent characters: a right guess is full of them, a wrong one has hardly any. */
const COMMON_CHINESE = new Set(
  "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留红治决周保达办運這個們為來說會時過對裡後麼沒於還發當開經頭從動兩長現將與進實點種聲話問機給幾業間電門東軍產萬體別處總場師書員華報馬張難數應親務車請謝您好郵件",
);
const KOREAN_COMMON = new Set("이다는을의가에를한고하지은로기도사어서그나해리시인아자수대정안라일만있으보들원부전과요게여니면스주상장것했와오습신제성적세연님");

/**
 * The legacy set that bytes without a usable label are most likely in: `hint` when it fits them, else the set in which
 * they make the most frequent characters of its languages, else Western Windows. `decode` decodes.
 */
export function guessLegacy(bytes: Buffer, hint: Charset | undefined, decode: (bytes: Buffer, charset: Charset) => string): Charset {
  const sample = bytes.length > SAMPLE ? sampleOf(bytes) : bytes;
  if (hint !== undefined && hint !== "utf-8" && !decode(sample, hint).includes("\ufffd")) return hint;
  // Western text has its accents one by one; other scripts have hardly anything else.
  if (!hasRuns(sample)) return "windows-1252";
  const [best] = CANDIDATES.map((charset) => ({ charset, points: pointsOf(decode(sample, charset)) })).toSorted((a, b) => b.points - a.points);
  return best !== undefined && best.points >= CONVINCING ? best.charset : "windows-1252";
}

/** Where the first bytes beyond ASCII are. */
function sampleOf(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte >= 0x80);
  return bytes.subarray(Math.max(first, 0), Math.max(first, 0) + SAMPLE);
}

function hasRuns(bytes: Buffer): boolean {
  let high = 0;
  let adjacent = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if ((bytes[at] ?? 0) < 0x80) continue;
    high += 1;
    if ((bytes[at - 1] ?? 0) >= 0x80 || (bytes[at + 1] ?? 0) >= 0x80) adjacent += 1;
  }
  return adjacent >= 3 && adjacent * 2 > high;
}

/** Points per character beyond ASCII. */
function pointsOf(text: string): number {
  let points = 0;
  let count = 0;
  let previous = "";
  for (const character of text) {
    if (character > "\u007f") {
      count += 1;
      points += pointsOfCharacter(character, previous);
    }
    previous = character;
  }
  return count === 0 ? 0 : points / count;
}

function pointsOfCharacter(character: string, previous: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0xfffd || (code >= 0xe000 && code <= 0xf8ff) || code > 0xffff || (code >= 0x80 && code < 0xa0)) return -3;
  if (code >= 0x3041 && code <= 0x30fe) return 1;
  // Half-width kana are what other sets look like in Shift_JIS.
  if (code >= 0xff61 && code <= 0xff9f) return -0.5;
  if (code >= 0x3000 && code <= 0x301f) return 0.5;
  if (code >= 0xff00 && code <= 0xff5e) return 0.5;
  if (code >= 0xac00 && code <= 0xd7a3) return KOREAN_COMMON.has(character) ? 1.5 : 0.4;
  if (code >= 0x4e00 && code <= 0x9fff) return COMMON_CHINESE.has(character) ? 1.5 : 0.3;
  if (code >= 0x0410 && code <= 0x044f) return cyrillicPoints(code, previous);
  if (code === 0x0401 || code === 0x0451) return 0.5;
  return -0.5;
}

/** A capital inside a word, as the wrong one of two Cyrillic sets makes of every letter, is none. */
function cyrillicPoints(code: number, previous: string): number {
  const isCapital = code < 0x0430;
  const isInWord = previous >= "\u0430" && previous <= "\u044f";
  if (isCapital) return isInWord ? -1 : 0.5;
  // Rarer letters alone are no Cyrillic text: umlauts side by side look like them.
  return "оеаинтсрвл".includes(String.fromCharCode(code)) ? 1.2 : 0.5;
}
