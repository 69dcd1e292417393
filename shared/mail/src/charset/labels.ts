import iconv from "iconv-lite";

/** `us-ascii`, `windows-1252`, `utf-8`, or a name that iconv-lite or {@link STATEFUL} knows. */
export type Charset = string;

/** Read by our own decoders (stateful.ts). */
export const STATEFUL: ReadonlySet<Charset> = new Set(["iso-2022-jp", "iso-2022-kr", "iso-2022-cn", "hz-gb-2312"]);

/** By name without dashes, dots and underscores. What mail programs call each set; Western Windows stands for Latin-1, as on the web. */
const ALIASES: ReadonlyMap<string, Charset> = new Map(
  Object.entries({
    "us-ascii": "ascii usascii ansix341968 iso646us cp367 646 iso646 us",
    "windows-1252":
      "ansi ansix3110 ansix31101983 iso88591 iso885911987 iso88591windows31latin1 88591 latin1 l1 isoir100 ibm819 cp819 iso8859 iso81 1252 cp1252 xansi iso latin western cp1004",
    "utf-8": "utf8 unicode11utf8 xutf8 unicode20utf8 utf8mb4 utf8n utf8bom cp65001 65001 unicodeutf8",
    "windows-1254": "iso88599 latin5 l5 88599 1254",
    "windows-874": "tis620 tis6200 iso885911 874 cp874 dos874 thai",
    "iso-8859-8": "iso88598 iso88598i iso88598e visual logical hebrew csisolatinhebrew iso88598dos",
    gb18030: "gb2312 gb231280 gbk gb18030 gb180302000 gb180302005 xgbk cngb gb cp936 936 windows936 ms936 euccn xeuccn chinese csgb2312 isoir58 gb23121980",
    big5: "big5hkscs cnbig5 xxbig5 xbig5 big5 csbig5 cp950 950 big5eten big5et",
    cp949: "euckr ksc56011987 ksc5601 ksc56011989 ksc56011992 korean isoir149 cseuckr windows949 uhc ms949 949 ks56011987 xwindows949 johab",
    cp932: "shiftjis sjis xsjis mskanji csshiftjis windows31j cswindows31j cp932 932 ms932 shiftjisx0213 shiftjis2004 xshiftjis shift windows932",
    "euc-jp": "eucjp xeucjp xeuc ujis cseucpkdfmtjapanese eucjpms eucjisx0213 eucjis2004 cp51932 eucjpwin",
    "iso-2022-jp":
      "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms iso2022jpext csiso2022jp jis cp50220 cp50221 cp50222 50220 50221 jisencoding",
    "iso-2022-kr": "iso2022kr csiso2022kr cp50225",
    "iso-2022-cn": "iso2022cn iso2022cnext",
    "hz-gb-2312": "hzgb2312 hz hzgb",
    "utf-7": "utf7 unicode11utf7 xunicode20utf7 utf7imap unicode20utf7 csunicode11utf7",
    "utf-16": "utf16 ucs2 iso10646ucs2 unicode csunicode",
    "utf-16le": "utf16le unicodelittle ucs2le",
    "utf-16be": "utf16be unicodefffe unicodebig ucs2be",
    "utf-32": "utf32 ucs4 iso10646ucs4",
    "utf-32le": "utf32le",
    "utf-32be": "utf32be",
    macintosh: "macintosh mac xmacroman macroman csmacintosh",
    "x-mac-cyrillic": "xmaccyrillic maccyrillic xmacukrainian",
    "koi8-r": "koi8r koi8 koi cskoi8r",
    "koi8-u": "koi8u koi8ru",
    "windows-1251": "1251 cp1251 win1251 win cyrillicwindows xcp1251",
    "windows-1250": "1250 cp1250 xcp1250",
    "windows-1253": "1253 cp1253",
    "windows-1255": "1255 cp1255",
    "windows-1256": "1256 cp1256",
    "windows-1257": "1257 cp1257",
    "windows-1258": "1258 cp1258",
  }).flatMap(([charset, names]) => [[squeeze(charset), charset] as const, ...names.split(" ").map((name) => [name, charset] as const)]),
);
/** Codecs of iconv-lite that are no character sets. */
const NO_CHARSETS: ReadonlySet<string> = new Set(["hex", "base64", "base64url", "binary", "internal", "singlebyte", "dbcs", "sbcs"]);

/** The charset that a label names, however it is written; undefined when it names none that we know. */
export function canonicalCharset(label: string | undefined): Charset | undefined {
  if (label === undefined || label === "") return undefined;
  const name = tidy(label);
  const squeezed = squeeze(name);
  const known = ALIASES.get(squeezed) ?? ALIASES.get(squeezed.replace(/^3d|^x(?=\w)|^cs(?=\w)/, ""));
  if (known !== undefined) return known;
  const own = name.replace(/^windows(?=\d)/, "windows-").replace(/^cp-/, "cp");
  return /\w/.test(own) && !NO_CHARSETS.has(squeezed) && iconv.encodingExists(own) ? own : undefined;
}

/** The first word, without quotes, a repeated "charset=", and what stands after the name: `iso-2022-jp$esc`, `utf-8;format=flowed`. */
function tidy(label: string): string {
  return label
    .slice(0, 100)
    .toLowerCase()
    .replace(/^[\s"'_<=*]*(?:charset=)?[\s"'_<=*]*/, "")
    .replace(/[\s"'>;,$(?*\\].*$/s, "");
}

function squeeze(name: string): string {
  return name.replace(/[-_.:]/g, "");
}
