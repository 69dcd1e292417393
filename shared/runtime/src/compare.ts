import { createHash, timingSafeEqual } from "node:crypto";

/** Whether both are the same bytes, in a time that tells neither where they differ nor how long the expected one is. */
export function isSame(given: string | Uint8Array, expected: string | Uint8Array): boolean {
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

/** Whether it is the same as one of several; each is compared, so that the time does not tell which it was. */
export function isOneOf(given: string | Uint8Array, expected: readonly (string | Uint8Array)[]): boolean {
  return expected.map((one) => isSame(given, one)).includes(true);
}

const digestOf = (value: string | Uint8Array): Buffer => createHash("sha256").update(value).digest();
