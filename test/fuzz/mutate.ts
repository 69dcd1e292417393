import type { Random } from "./random.ts";

/** What mails are made of, put where it does not belong. */
const PIECES = [
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "--",
  "\r\n--b\r\n",
  "\r\n--b--\r\n",
  "\0",
  "\u00ff\u00fe",
  "\u001b$B",
  "\u001b(B",
  "\u000e",
  "=?utf-8?B?",
  "=?iso-2022-jp?Q?",
  "?=",
  "=?",
  "=",
  "=E2=82",
  '"',
  "(",
  "<",
  ">",
  ";",
  ":",
  ",",
  "\\",
  "Content-Type: multipart/mixed; boundary=b\r\n",
  'Content-Type: multipart/alternative; boundary="b"\r\n',
  "Content-Type: message/rfc822\r\n",
  "Content-Type: text/html\r\n",
  "Content-Type: text/plain; charset=utf-7\r\n",
  "Content-Type: text/plain; format=flowed; delsp=yes\r\n",
  "Content-Type: application/ms-tnef; name=winmail.dat\r\n",
  "Content-Transfer-Encoding: base64\r\n",
  "Content-Transfer-Encoding: quoted-printable\r\n",
  "Content-Transfer-Encoding: x-uuencode\r\n",
  "Content-Disposition: attachment; filename*0*=utf-8''%ff; filename*1=\"\r\n",
  "From ",
  "Subject: ",
  "begin 644 a\n",
  "`\nend\n",
  "<div>",
  "<!--",
  "&#x110000;",
  "> ",
  "-- \n",
];
const CHARSETS = [
  "utf-8",
  "utf-7",
  "utf-16",
  "utf-32",
  "iso-2022-jp",
  "iso-2022-kr",
  "hz-gb-2312",
  "gb18030",
  "big5",
  "shift_jis",
  "euc-kr",
  "koi8-r",
  "windows-1251",
  "x",
  '"',
];
const ENCODINGS = ["base64", "quoted-printable", "7bit", "8bit", "binary", "x-uuencode", "spam"];
/** Longest mutant, bytes: short mails show what long ones do, and faster. */
const LONGEST = 64 * 1024;

type Mutation = (mail: Buffer, other: Buffer, random: Random) => Buffer;

const flipBytes: Mutation = (mail, _other, random) => {
  const mutant = Buffer.from(mail);
  for (let count = 1 + random.below(8); count > 0; count -= 1) mutant[random.below(mail.length)] = random.below(256);
  return mutant;
};
const truncate: Mutation = (mail, _other, random) => mail.subarray(0, random.below(mail.length));
const beheadAt: Mutation = (mail, _other, random) => mail.subarray(random.below(mail.length));
const splice: Mutation = (mail, other, random) => Buffer.concat([mail.subarray(0, random.below(mail.length)), other.subarray(random.below(other.length))]);
const insertOther: Mutation = (mail, other, random) => insert(mail, slice(other, random), random);
const insertPiece: Mutation = (mail, _other, random) => insert(mail, Buffer.from(random.of(PIECES), "latin1"), random);
const repeatSlice: Mutation = (mail, _other, random) => insert(mail, repeated(slice(mail, random), 2 + random.below(50)), random);
const remove: Mutation = (mail, _other, random) => {
  const at = random.below(mail.length);
  return Buffer.concat([mail.subarray(0, at), mail.subarray(at + random.below(200))]);
};
const swapLines: Mutation = (mail, _other, random) => {
  const lines = mail.toString("latin1").split("\n");
  const [one, two] = [random.below(lines.length), random.below(lines.length)];
  [lines[one], lines[two]] = [lines[two] ?? "", lines[one] ?? ""];
  return Buffer.from(lines.join("\n"), "latin1");
};
const swapCharset: Mutation = (mail, _other, random) => replace(mail, /charset="?[\w-]+/gi, `charset=${random.of(CHARSETS)}`);
const swapWordCharset: Mutation = (mail, _other, random) => replace(mail, /=\?[\w-]+\?/g, `=?${random.of(CHARSETS)}?`);
const swapEncoding: Mutation = (mail, _other, random) => replace(mail, /transfer-encoding: *[\w-]+/gi, `Transfer-Encoding: ${random.of(ENCODINGS)}`);
const swapBoundary: Mutation = (mail, _other, random) => replace(mail, /boundary="?[^";\r\n]+"?/gi, `boundary="${random.of(["b", "", "-", "b--", " "])}"`);
const oneLineEnd: Mutation = (mail, _other, random) => replace(mail, /\r?\n/g, random.of(["\n", "\r", "\r\n", "\r\r\n"]));

const MUTATIONS: readonly Mutation[] = [
  flipBytes,
  truncate,
  beheadAt,
  splice,
  insertOther,
  insertPiece,
  insertPiece,
  repeatSlice,
  remove,
  swapLines,
  swapCharset,
  swapWordCharset,
  swapEncoding,
  swapBoundary,
  oneLineEnd,
];

/** A mail made from others by one to five mutations. */
export function mutate(seeds: readonly Buffer[], random: Random): Buffer {
  let mutant = random.of(seeds);
  for (let count = 1 + random.below(5); count > 0; count -= 1) {
    if (mutant.length === 0) break;
    mutant = random.of(MUTATIONS)(mutant, random.of(seeds), random).subarray(0, LONGEST);
  }
  return mutant;
}

function insert(mail: Buffer, piece: Buffer, random: Random): Buffer {
  const at = random.below(mail.length + 1);
  return Buffer.concat([mail.subarray(0, at), piece, mail.subarray(at)]);
}

function slice(mail: Buffer, random: Random): Buffer {
  const at = random.below(mail.length);
  return mail.subarray(at, at + random.below(500));
}

function repeated(piece: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => piece));
}

function replace(mail: Buffer, pattern: RegExp, by: string): Buffer {
  return Buffer.from(
    mail.toString("latin1").replace(pattern, () => by),
    "latin1",
  );
}
