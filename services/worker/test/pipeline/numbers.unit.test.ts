import { describe, expect, it } from "vitest";
import { makeNumbers, maskFault } from "../../src/pipeline/numbers.ts";

const AT = new Date("2026-03-09T23:30:00Z");

describe("ticket numbers", () => {
  it("have a mask that tells them apart", () => {
    for (const mask of ["abc", "%y%m%d"]) expect(maskFault(mask)).toContain("would have one number");
    for (const mask of ["%n", "T%A", "%a%y", "#%i"]) expect(maskFault(mask)).toBeUndefined();
  });

  it("follow their mask, with the date of the given zone", () => {
    const { tid } = makeNumbers({ mask: "%A%a-%y%m%d.%i", timeZone: "Europe/Berlin", draw: () => 2 });
    expect(tid(42, AT)).toBe("Cc-20260310.42");
  });

  it("draw every digit about as often as any other, and no other character", () => {
    const { tid } = makeNumbers({ mask: "%n%n%n%n%n%n%n%n%n%n", timeZone: "UTC" });
    const drawn = Array.from({ length: 2000 }, () => tid(1, AT)).join("");
    expect(drawn).toMatch(/^\d{20000}$/);
    const counts = [..."0123456789"].map((digit) => drawn.split(digit).length - 1);
    // Twelve standard deviations: a chance of one in 10^32 to be wrong.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(510);
  });

  it("have access codes of twelve letters and digits, no two alike", () => {
    const { accessCode } = makeNumbers({ mask: "%n", timeZone: "UTC" });
    const codes = Array.from({ length: 1000 }, accessCode);
    for (const code of codes) expect(code).toMatch(/^[A-Za-z0-9]{12}$/);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
