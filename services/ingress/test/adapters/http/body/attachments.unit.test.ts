import { describe, expect, it } from "vitest";
import { base64, FORM, form, JSON_TYPE, MULTIPART, multipart, part, read, tripleEncoded } from "./support.ts";

const HELLO = { name: "a.txt", content: "Hällo" };
const hello = [{ name: "a.txt", content: Buffer.from("Hällo").toString("latin1") }];

/** `attachments` as one value, in each of the bodies that can hold it. */
const BODIES: [string, (value: string) => [string | Buffer, string]][] = [
  ["urlencoded", (value) => [form({ attachments: value }), FORM]],
  ["multipart", (value) => [multipart(part('name="attachments"', value)), MULTIPART]],
  ["JSON", (value) => [JSON.stringify({ attachments: value }), JSON_TYPE]],
];

describe.each(BODIES)("attachments as one value of a body that is %s", (_kind, bodyWith) => {
  const readValue = (value: string) => read(...bodyWith(value));

  it("are stored from base64 of JSON", async () => {
    const { files, attachments, problems } = await readValue(tripleEncoded([HELLO, { name: "b.pdf", content: "" }]));
    expect(problems).toEqual([]);
    expect(files).toEqual([...hello, { name: "b.pdf", content: "" }]);
    expect(attachments[0]).toMatchObject({ size: 6, contentType: "text/plain" });
    expect(attachments[1]).toMatchObject({ size: 0, contentType: "application/pdf" });
  });

  it.each([
    ["line breaks", (text: string) => text.replace(/.{20}/g, "$&\r\n")],
    ["blanks", (text: string) => text.replace(/.{20}/g, "$& ")],
    ["the url-safe alphabet", (text: string) => text.replaceAll("+", "-").replaceAll("/", "_")],
    ["no padding", (text: string) => text.replaceAll("=", "")],
    ["blanks around it", (text: string) => ` \n${text}\n `],
  ])("are read with %s in the outer and the inner base64", async (_what, spoil) => {
    const content = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const json = JSON.stringify([{ name: "a>~?b.bin", data: spoil(base64(content)) }]);
    const { files, problems } = await readValue(spoil(base64(json)));
    expect(problems).toEqual([]);
    expect(files).toEqual([{ name: "a>~?b.bin", content: content.toString("latin1") }]);
  });

  it("are read with any order of keys, other keys, other shapes and JSON escapes", async () => {
    const data = base64("Hällo");
    const escaped = `[ {"x":{"data":[1,{"name":"no"}]}, "data" : "\\u0053${data.slice(1).replaceAll("/", "\\/")}\\n", "size":5, "name":"\\u0061.t\\/x\\/a.txt"} ]`;
    expect((await readValue(base64(escaped))).files).toEqual(hello);
    expect((await readValue(base64(`{"1":{"filename":"a.txt","data":"${data}"}}`))).files).toEqual(hello);
    expect((await readValue(`[{"name":"a.txt","data":"${data}"}]`)).files).toEqual(hello);
  });

  it.each(["", "0", "false", "False", "null", "None", "<nil>", "undefined", "[object Object]", "{'1': 'x'}", "[]", "{}", " ", `{'1': '${"x".repeat(200)}'}`])(
    "are not given when they are %j",
    async (literal) => {
      expect(await readValue(literal)).toMatchObject({ attachments: [], problems: [] });
    },
  );

  it.each(["null", "[]", "{}", "false", '""', "[null]", '[""]'])("are not given when they are base64 of %j", async (json) => {
    expect(await readValue(base64(json))).toMatchObject({ attachments: [], problems: [] });
  });

  it.each([
    ["no base64", "this is no base64!", "it is not base64 of JSON"],
    ["no JSON", base64("this is no JSON"), "it is not base64 of JSON"],
    ["JSON that ends too early", base64('[{"name":"a.txt","data":"aGk'), "it is not base64 of JSON"],
    ["a dictionary without an end", `{'1': '${"x".repeat(70_000)}`, "it is not base64 of JSON"],
    ["a text", base64('"some text"'), "it is not a list of files"],
    ["no name", base64('[{"data":"aGk="}]'), "attachments[0] has no name"],
    ["a name that is only a folder", base64('[{"name":"a/","data":"aGk="}]'), "attachments[0] has no name"],
    ["no data", base64('[{"name":"a.txt"}]'), "attachments[0] has no data"],
    ["data of another type", base64('[{"name":"a.txt","data":5}]'), "attachments[0] has no data"],
    ["data that is no base64", base64('[{"name":"a.txt","data":"aGk=!"}]'), "attachments[0] has data that is not base64"],
    ["data beyond ASCII", base64('[{"name":"a.txt","data":"aG\\u00e4k"}]'), "attachments[0] has data that is not base64"],
    ["one object", base64('{"name":"a.txt","data":"aGk="}'), "attachments[name] is not an object with name and data"],
    ["lists in the list", base64('[{"name":"a.txt","data":"aGk="},["a.txt","aGk="]]'), "attachments[1] is not an object with name and data"],
    ["texts in the list", base64('["a.txt"]'), "attachments[0] is not an object with name and data"],
  ])("are a problem that says so when they hold %s", async (_what, value, reason) => {
    const { attachments, problems } = await readValue(value);
    expect(attachments).toEqual([]);
    expect(problems).toMatchObject([{ code: "attachments_invalid", field: "attachments" }]);
    expect(problems[0]?.message).toContain(`attachments could not be read: ${reason};`);
    expect(problems[0]?.message).toContain('send base64 of JSON [{"name":"a.txt","data":"<base64>"}]');
  });
});

describe("attachments in brackets", () => {
  const DATA = base64("Hällo");
  const bracketed = async (...fields: [string, string][]) => read(form(fields), FORM);

  it("are read from name and data, in the order of their numbers", async () => {
    const fields: [string, string][] = [
      ["attachments[2][filename]", "c.txt"],
      ["attachments[2][data]", base64("two")],
      ["attachments[0][data]", DATA],
      ["attachments[0][name]", "a.txt"],
      ["attachments[0][type]", "ignored"],
    ];
    const expected = [...hello, { name: "c.txt", content: "two" }];
    expect((await bracketed(...fields)).files).toEqual(expected);
    expect((await read(multipart(...fields.map(([name, value]) => part(`name="${name}"`, value))), MULTIPART)).files).toEqual(expected);
  });

  it("take the name over the filename, and a later value over an earlier one", async () => {
    const { files } = await bracketed(
      ["attachments[0][name]", "x.txt"],
      ["attachments[0][filename]", "y.txt"],
      ["attachments[0][data]", base64("earlier")],
      ["attachments[0][data]", DATA],
      ["attachments[0][name]", "a.txt"],
    );
    expect(files).toEqual(hello);
  });

  it("are a problem in the shape in which name and data overwrite one another", async () => {
    const { problems } = await bracketed(["attachments[0]", "a.txt"], ["attachments[0]", DATA]);
    expect(problems[0]?.message).toContain("attachments[0] is not an object with name and data");
  });

  it("are a problem without a name, without data, and in pairs that do not belong together", async () => {
    expect((await bracketed(["attachments[0][data]", DATA])).problems).toHaveLength(1);
    expect((await bracketed(["attachments[0][name]", "a.txt"])).problems).toHaveLength(1);
    expect((await bracketed(["attachments[][name]", "a.txt"], ["attachments[][data]", DATA])).problems).toHaveLength(1);
    expect((await bracketed(["attachments[0][]", "a.txt"], ["attachments[0][]", DATA])).problems).toHaveLength(1);
  });

  it("are not given when they are literals for nothing", async () => {
    expect(await bracketed(["attachments[]", ""], ["attachments[0]", "null"], ["attachments[1]", "[object Object]"])).toMatchObject({
      attachments: [],
      problems: [],
    });
  });

  it("keep plus signs that their sender did not escape, and skip blanks that break lines", async () => {
    const content = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 251) & 255));
    const expected = [{ name: "a.bin", content: content.toString("latin1") }];
    const inLines = base64(content).replace(/.{64}/g, "$& ");
    expect(base64(content)).toContain("+");
    expect((await read(`attachments[0][name]=a.bin&attachments[0][data]=${base64(content)}`, FORM)).files).toEqual(expected);
    expect((await bracketed(["attachments[0][name]", "a.bin"], ["attachments[0][data]", inLines])).files).toEqual(expected);
  });

  const readData = async (raw: string) => (await read(`attachments[0][name]=a.bin&attachments[0][data]=${raw}`, FORM)).files[0]?.content;

  it.each(["++++", "7zyd+74x", "AA+AAAAA", "AAAA+AAA+AAAAAAA+AAAAAAAAAA+AAAA"])(
    "keep the plus signs of %s, which nothing else tells from blanks",
    async (raw) => {
      expect(await readData(raw)).toBe(Buffer.from(raw, "base64").toString("latin1"));
    },
  );

  it("keep plus signs beside line breaks that were escaped", async () => {
    const raw = "fj5+fj5+fj5+".repeat(20);
    expect(await readData(raw.replace(/.{76}/g, "$&%0D%0A"))).toBe(Buffer.from(raw, "base64").toString("latin1"));
  });

  it.each([1, 4, 8])("skip %i blanks in front of lines whose ends were escaped", async (blanks) => {
    const text = "It burns, and nobody knows why. ".repeat(12);
    const raw = base64(text).replace(/.{76}/g, `$&%0A${"+".repeat(blanks)}`);
    expect(await readData(raw)).toBe(text);
  });

  it("tell a plus sign from a blank by its place when nothing else does", async () => {
    expect(await readData("AAAA+AAAA")).toBe("\0\0\0\0\0\0");
    const late = `${"A".repeat(70_000)}+AAA`;
    expect(await readData(late)).toBe(Buffer.from(late, "base64").toString("latin1"));
  });
});

describe("attachments in several encodings at once", () => {
  it("are all kept, while of one value the last counts and a literal for nothing takes nothing away", async () => {
    const { files } = await read(
      multipart(
        part('name="attachments"', tripleEncoded([{ name: "lost.txt", content: "x" }])),
        part('name="attachments[]"; filename="file.txt"', "from a file"),
        part('name="attachments"', tripleEncoded([HELLO])),
        part('name="attachments[0][name]"', "bracket.txt"),
        part('name="attachments[0][data]"', base64("from brackets")),
        part('name="attachments"', "null"),
      ),
      MULTIPART,
    );
    expect(files).toEqual([...hello, { name: "bracket.txt", content: "from brackets" }, { name: "file.txt", content: "from a file" }]);
  });
});

describe("the name of an attachment", () => {
  it.each([
    ["C:\\fakepath\\a.txt", "a.txt"],
    ["../../etc/passwd", "passwd"],
    ["a\u0000\r\n\u202eb.txt", "ab.txt"],
    [`${"x".repeat(300)}.tar`, `${"x".repeat(251)}.tar`],
  ])("%j becomes %j", async (given, stored) => {
    const { files } = await read(form({ attachments: tripleEncoded([{ name: given, content: "x" }]) }), FORM);
    expect(files).toEqual([{ name: stored, content: "x" }]);
  });

  it("decides its content type where its sender names none", async () => {
    const json = [
      { name: "a.PNG", data: "" },
      { name: "a", data: "" },
      { name: "a.bin", contentType: "Image/X-Own; q=1", data: "" },
      { name: "a.pdf", contentType: "no type", data: "" },
    ];
    const { attachments } = await read(form({ attachments: base64(JSON.stringify(json)) }), FORM);
    expect(attachments.map(({ contentType }) => contentType)).toEqual(["image/png", "application/octet-stream", "image/x-own", "application/pdf"]);
  });
});
