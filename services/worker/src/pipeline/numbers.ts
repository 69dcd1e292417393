import { randomFillSync } from "node:crypto";

/** Draws a whole number in [0, below), from a cryptographic source unless a test says otherwise. */
export type Draw = (below: number) => number;

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = UPPER.toLowerCase();
const DIGITS = "0123456789";
const LETTERS_AND_DIGITS = UPPER + LOWER + DIGITS;
/** 12 characters of 62 are 71 bits: the code is a bearer secret. */
const ACCESS_CODE_LENGTH = 12;
/** Longest mask (source: the wire facts). */
const MASK_LENGTH = 15;

const PLACEHOLDER = /%([Aanymdi])/g;
const NOT_IN_A_MASK = /%(?![Aanymdi])|[^%A-Za-z0-9_.#-]/;

/** What is wrong with a mask, or undefined. A placeholder counts as one character. */
export function maskFault(mask: string): string | undefined {
  const length = mask.replace(PLACEHOLDER, "x").length;
  if (length < 1 || length > MASK_LENGTH) return `expected 1 to ${MASK_LENGTH} characters, such as %n%n%n%n%n%n, got ${length}`;
  const wrong = NOT_IN_A_MASK.exec(mask)?.[0];
  if (!wrong && !/%[Aani]/.test(mask)) return `expected a mask with %A, %a, %n or %i: by ${mask} all tickets of a day would have one number`;
  return wrong && `expected %A %a %n %y %m %d %i, letters, digits and - _ . #, got "${wrong}"`;
}

/** Random bytes that are fetched at once: a ticket needs two dozen of them, and each call for one costs a microsecond. */
const POOL_BYTES = 4096;

/** Draws below 256 from a cryptographic source, each number equally likely. */
function makeDraw(): Draw {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  const nextByte = () => {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    return pool.readUInt8(used++);
  };
  return (below) => {
    // Bytes above the last whole multiple would make the first numbers likelier.
    const bound = 256 - (256 % below);
    let byte = nextByte();
    while (byte >= bound) byte = nextByte();
    return byte % below;
  };
}

/** Makes the numbers of tickets: `tid` by the mask, in the given time zone, and the access code. */
export function makeNumbers({ mask, timeZone, draw = makeDraw() }: { mask: string; timeZone: string; draw?: Draw }) {
  const pick = (alphabet: string) => alphabet.charAt(draw(alphabet.length));
  const dateParts = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const needsDate = /%[ymd]/.test(mask);
  return {
    /** Number that people see, for the ticket with that id, opened at that instant. */
    tid(id: number, at: Date): string {
      const [year = "", month = "", day = ""] = needsDate ? dateParts.format(at).split("-") : [];
      const substitutes: Record<string, () => string> = {
        A: () => pick(UPPER),
        a: () => pick(LOWER),
        n: () => pick(DIGITS),
        y: () => year,
        m: () => month,
        d: () => day,
        i: () => String(id),
      };
      return mask.replace(PLACEHOLDER, (whole, letter: string) => substitutes[letter]?.() ?? whole);
    },
    /** Access code of the client area: letters and digits. */
    accessCode(): string {
      let code = "";
      while (code.length < ACCESS_CODE_LENGTH) code += pick(LETTERS_AND_DIGITS);
      return code;
    },
  };
}
