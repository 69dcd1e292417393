import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyTooLarge, MalformedBody, UnsupportedBody } from "../../../../src/adapters/http/body/errors.ts";
import { base64, JSON_TYPE, read } from "./support.ts";

/** Makes a body too large for the short cut, without changing what is read. */
const large = (json: string) => `${json}${" ".repeat(70_000)}`;

describe.each([
  ["small", (json: string) => json],
  ["large", large],
])("a %s JSON body", (_size, sized) => {
  it("becomes parameters with their own types", async () => {
    const json = '{"action":"OpenTicket","deptid":1,"noemail":false,"x":null,"customfields":{"3":"a","7":[1.5e3,-0]},"ü":"\\u00fc\\n\\ud83d\\ude00"}';
    const { params } = await read(sized(json), JSON_TYPE);
    expect(params).toEqual({ action: "OpenTicket", deptid: 1, noemail: false, x: null, customfields: { 3: "a", 7: [1500, -0] }, ü: "ü\n😀" });
  });

  it("may start with a byte order mark, and be of any JSON type", async () => {
    expect((await read(sized('\ufeff{"a":1}'), "application/vnd.api+json; charset=utf-8")).params).toEqual({ a: 1 });
  });

  it("reads a string that is no UTF-8 as windows-1252", async () => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xfc]), Buffer.from(sized('","b":"ü"}'))]);
    expect((await read(body, JSON_TYPE)).params).toEqual({ a: "ü", b: "ü" });
  });

  it("makes harmless what is dangerous as a key", async () => {
    const { params } = await read(sized('{"__proto__":{"polluted":1},"a":{"\\u005f_proto__":{"polluted":1},"b":1},"constructor":{"prototype":1}}'), JSON_TYPE);
    expect(Object.getPrototypeOf(params)).toBeNull();
    expect(params).toEqual({ a: { b: 1 }, constructor: { prototype: 1 } });
  });

  it("lets the later of two equal keys win", async () => {
    expect((await read(sized('{"a":{"x":1},"a":2}'), JSON_TYPE)).params).toEqual({ a: 2 });
  });

  it("streams the data of attachments, whatever key their list has", async () => {
    const { params, files } = await read(
      sized(`{"before":{"attachments":[{"data":"kept"}]},"\\u0061ttachments":[{"name":"a.txt","data":"${base64("A")}"}],"after":1}`),
      JSON_TYPE,
    );
    expect(params).toEqual({ before: { attachments: [{ data: "kept" }] }, after: 1 });
    expect(files).toEqual([{ name: "a.txt", content: "A" }]);
  });

  it.each(["null", "0", "false", '""', '"null"', "[]", "{}", '"[object Object]"'])("has no attachments when they are %s", async (literal) => {
    expect(await read(sized(`{"attachments":${literal},"a":1}`), JSON_TYPE)).toMatchObject({ params: { a: 1 }, attachments: [], problems: [] });
  });

  it.each(["5", "true", '["x"]', '{"name":"a.txt"}', '[{"name":"a.txt","sha256":"00"}]', '"no base64!"'])(
    "has a problem when attachments are %s",
    async (value) => {
      const { params, problems } = await read(sized(`{"attachments":${value},"a":1}`), JSON_TYPE);
      expect(params).toEqual({ a: 1 });
      expect(problems).toHaveLength(1);
    },
  );

  it.each([
    "[1]",
    "1",
    '"a"',
    "null",
    "nonsense",
    '{"a":1',
    '{"a":1}}',
    '{"a":1,}',
    '{"a" 1}',
    "{a:1}",
    '{"a":01}',
    '{"a":+1}',
    '{"a":tru}',
    '{"a":"\u0001"}',
    '{"a":"\\x"}',
    '{"a":[1,]}',
    '{"a":[1}',
    '{"a":1]',
    '{,"a":1}',
    '{"a":"',
    '{"attachments":[{"data":"\\x"}]}',
    '{"attachments":[{"data":"\\u00g0"}]}',
    " ",
    "{}{}",
    '{"a":1}\ufeff',
    "\u00bb{}",
  ])("is refused when it is %j", async (json) => {
    await expect(read(sized(json), JSON_TYPE)).rejects.toThrow(MalformedBody);
  });

  it("is refused beyond the limits on values and nesting", async () => {
    await expect(read(sized('{"a":[1,2,3]}'), JSON_TYPE, { limits: { fields: 3 } })).rejects.toThrow(MalformedBody);
    await expect(read(sized('{"a":[[1]]}'), JSON_TYPE, { limits: { nesting: 1 } })).rejects.toThrow(MalformedBody);
    expect((await read(sized('{"a":[1,2]}'), JSON_TYPE, { limits: { fields: 3, nesting: 1 } })).params).toEqual({ a: [1, 2] });
    await expect(read(sized("[".repeat(50_000)), JSON_TYPE)).rejects.toThrow(MalformedBody);
    await expect(read(sized(`{"a":${"[".repeat(50_000)}`), JSON_TYPE)).rejects.toThrow(MalformedBody);
  });

  it("counts everything but the content of attachments against the limit on fields", async () => {
    const files = `"attachments":[{"name":"a.txt","data":"${base64("x".repeat(500))}"}]`;
    const limits = { fieldBytes: 100 };
    expect((await read(sized(`{"a":"short",${files}}`), JSON_TYPE, { limits })).files).toHaveLength(1);
    await expect(read(sized(`{"a":"${"long".repeat(30)}",${files}}`), JSON_TYPE, { limits })).rejects.toThrow(BodyTooLarge);
  });
});

describe("any JSON document", () => {
  it("is read by the scanner as by JSON.parse", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string().filter((key) => key !== "attachments" && key !== "__proto__"),
          fc.jsonValue({ maxDepth: 3 }),
        ),
        async (document) => {
          const json = JSON.stringify(document);
          if (json.includes("__proto__")) return;
          const limits = { fields: 100_000, nesting: 10 };
          const [scanned, parsed] = await Promise.all([read(large(json), JSON_TYPE, { limits }), read(json, JSON_TYPE, { limits })]);
          expect(scanned.params).toEqual(JSON.parse(json));
          expect(parsed.params).toEqual(JSON.parse(json));
        },
      ),
    );
  });
});

it("what a document holds in memory is counted by its values as well as by its text", async () => {
  let counted = 0;
  await read(large(`{"list":[${Array.from({ length: 50 }, () => "{}")}]}`), JSON_TYPE, {
    onHeld(heldBytes) {
      counted = heldBytes;
      return undefined;
    },
  });
  expect(counted).toBeGreaterThan(50 * 360);
});

describe("a body of another type", () => {
  it("is refused", async () => {
    await expect(read("x", "text/plain")).rejects.toThrow(UnsupportedBody);
    await expect(read("x", "text/plain; charset=utf-8")).rejects.toMatchObject({ contentType: "text/plain" });
  });
});
