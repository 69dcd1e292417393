import { isOneOf, isSame } from "@openticket/runtime";
import { describe, expect, test } from "vitest";

describe("two values", () => {
  test("are the same only byte for byte, as text or as bytes", () => {
    expect(isSame("geheim", Buffer.from("geheim"))).toBe(true);
    expect(isSame("geheim", "geheim ")).toBe(false);
    expect(isSame("", "geheim")).toBe(false);
    expect(isSame(Buffer.from([0xff]), "\ufffd")).toBe(false);
  });

  test("one of several is enough, and none of none", () => {
    expect(isOneOf("b", ["a", "b"])).toBe(true);
    expect(isOneOf("c", ["a", "b"])).toBe(false);
    expect(isOneOf("a", [])).toBe(false);
  });
});
