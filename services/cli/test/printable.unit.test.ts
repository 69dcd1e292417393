import { describe, expect, it } from "vitest";
import { makeOutput, table } from "../src/output.ts";
import { printable, printableLine } from "../src/printable.ts";

/** What an output writes to both ends. */
function written(isJson: boolean, speak: (output: ReturnType<typeof makeOutput>) => void): string {
  let text = "";
  const end = { write: (more: string) => (text += more) };
  speak(makeOutput({ env: {}, out: end, err: end, columns: 80 }, isJson));
  return text;
}

describe("what a terminal would obey", () => {
  it.each([
    ["\x1b[2J", "\\u001b[2J"],
    ["\x07\b\0\x7f", "\\u0007\\u0008\\u0000\\u007f"],
    ["\u009b31m\u0085", "\\u009b31m\\u0085"],
    ["\u202etxt.exe\u2066\u2028", "\\u202etxt.exe\\u2066\\u2028"],
    ["a\rb", "a\\rb"],
  ])("%j is shown as %s", (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printableLine(text)).toBe(shown);
  });

  it("is neither text of any language nor, in a text, its lines", () => {
    const text = "Grüße 👨‍👩‍👧 نص\n\tline\n";
    expect(printable(text)).toBe(text);
    expect(printableLine(text)).toBe("Grüße 👨‍👩‍👧 نص\\n\\tline\\n");
  });

  it("makes no second row of a cell", () => {
    expect(table(["a", "b"], [["one\ntwo\x1b[A", 2]]).split("\n")).toEqual(["a                 b", "one\\ntwo\\u001b[A  2"]);
  });

  it("is printed neither in answers nor beside them, and in JSON means the same", () => {
    const told = "\x1b]52;c;aGk=\x07\u009b2J\nnext";
    const said = written(false, ({ answer, each, say }) => {
      answer(told, () => told);
      each(told, () => told);
      say(told);
    });
    expect(said).toBe("\\u001b]52;c;aGk=\\u0007\\u009b2J\nnext\n".repeat(3));
    const json = written(true, ({ answer }) => answer({ told }, () => ""));
    expect(json).not.toMatch(/[^\P{Cc}\n]/u);
    expect(JSON.parse(json)).toEqual({ told });
  });
});
