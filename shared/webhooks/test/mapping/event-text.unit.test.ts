import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEventText } from "../../src/mapping/event-text.ts";

const read = (body: string | Uint8Array, contentType?: string) => readEventText(typeof body === "string" ? new TextEncoder().encode(body) : body, contentType);
const FORM = "application/x-www-form-urlencoded";

describe("the text of an event", () => {
  it("is its JSON, as it came", () => {
    expect(read('{"a": [1, -2.5e3, "x", null, true, {}]}')).toEqual({ kind: "json", text: '{"a": [1, -2.5e3, "x", null, true, {}]}' });
  });

  it("may begin with a byte order mark", () => {
    expect(read('\ufeff{"a":1}')).toEqual({ kind: "json", text: '{"a":1}' });
  });

  it("keeps integers that expressions cannot hold, as texts", () => {
    expect(read('{"id":12345678901234567890,"b":[9007199254740993],"c":123456789012345}')).toEqual({
      kind: "json",
      text: '{"id":"12345678901234567890","b":["9007199254740993"],"c":123456789012345}',
    });
    expect(read('{"id":"12345678901234567890"}')).toEqual({ kind: "json", text: '{"id":"12345678901234567890"}' });
  });

  it("is the payload of a form, or its fields", () => {
    expect(read(`payload=${encodeURIComponent('{"a":1}')}`, FORM)).toEqual({ kind: "json", text: '{"a":1}' });
    expect(read("a=1&b=x+y", `${FORM}; charset=utf-8`)).toEqual({ kind: "json", text: '{"a":"1","b":"x y"}' });
    expect(read('{"a":1}', FORM)).toEqual({ kind: "json", text: '{"a":1}' });
  });

  it.each([
    ["nothing", "", "empty"],
    ["half a text", '{"a":', "no JSON"],
    ["words", "hello", "no JSON"],
    ["a name that is a number", "{12345678901234567890:1}", "no JSON"],
    ["a number that is none", "[01234567890123456789]", "no JSON"],
    ["a name that stands twice", '{"a":1,"b":{"a":2},"a":3}', 'the field "a" stands twice'],
    ["a name that stands twice, written differently", '{"a":1,"\\u0061":2}', 'the field "a" stands twice'],
    ["a field that JavaScript means something by", '{"x":[{"__proto__":{"admin":true}}]}', "__proto__"],
    ["the same, written differently", '{"\\u005f_proto__":1}', "__proto__"],
    ["a number beyond all bounds", '{"a":1e999}', "1e999"],
    ["depth", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, "deeper than 200"],
    ["a field of a form that stands twice", "a=1&a=2", "stands twice"],
  ])("is not to be had of %s", (_what, body, because) => {
    expect(read(body, body.includes("=") && !body.startsWith("{") ? FORM : undefined)).toEqual({
      kind: "unreadable",
      because: expect.stringContaining(because),
    });
  });

  it("is not to be had of bytes that are not UTF-8", () => {
    expect(read(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d))).toEqual({ kind: "unreadable", because: "the body is not UTF-8" });
  });

  it("takes the same name in different objects", () => {
    expect(read('[{"a":1},{"a":1,"b":{"a":":"}}]').kind).toBe("json");
  });

  it("is read in time that grows with its length", () => {
    const text = `{"a":"${"\\\\".repeat(500_000)}`;
    const startedAt = performance.now();
    expect(read(text).kind).toBe("unreadable");
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  it("says the same as before, whatever JSON it is", () => {
    const values = fc.jsonValue({ maxDepth: 5 }).filter((value) => !/__proto__|\d{16}/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(values, (value) => {
        expect(read(JSON.stringify(value))).toEqual({ kind: "json", text: JSON.stringify(value) });
      }),
    );
  });

  it("takes nothing that is no JSON, whatever it is", () => {
    const pieces = fc.array(fc.constantFrom("{", "}", "[", "]", ":", ",", '"', '"a"', "\\", "1", "12345678901234567890", "-", "e9", "null", " "), {
      maxLength: 12,
    });
    const isJson = (text: string) => {
      try {
        return JSON.parse(text) !== undefined;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(pieces, (parts) => read(parts.join("")).kind !== "json" || isJson(parts.join(""))),
      { numRuns: 2000 },
    );
  });
});
