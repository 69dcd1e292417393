import { describe, expect, it } from "vitest";
import { MalformedBody } from "../../../../src/adapters/http/body/errors.ts";
import { FORM, MULTIPART, multipart, part, read } from "./support.ts";

const TOO_LONG = "the name of a field is longer than 4096 bytes: is this a form?";

describe("a multipart body", () => {
  it("becomes parameters, with or without files", async () => {
    const { params } = await read(multipart(part('name="action"', "OpenTicket"), part('name="customfields[3]"', "x\r\ny"), part("name=plain", "ü")), MULTIPART);
    expect(params).toEqual({ action: "OpenTicket", customfields: { 3: "x\r\ny" }, plain: "ü" });
  });

  it.each([16_383, 16_384, 20_000, 60_000])("ends with a last field or file of %i bytes that arrives in one piece with the last boundary", async (size) => {
    const content = "a".repeat(size);
    const { files } = await read(multipart(part('name="attachments[]"; filename="a.txt"', content)), MULTIPART);
    expect(files).toEqual([{ name: "a.txt", content }]);
    const { params } = await read(multipart(part('name="message"', content)), MULTIPART);
    expect(params).toEqual({ message: content });
  });

  it("reads a field that is no UTF-8 as windows-1252", async () => {
    const { params } = await read(multipart(part('name="a"', Buffer.from([0xfc, 0x80]))), MULTIPART);
    expect(params).toEqual({ a: "ü€" });
  });

  it.each([
    ["Grüß", 1],
    ["日本", 1],
    ["日本", 2],
    ["ü😀", 1],
    ["ü😀", 2],
    ["ü😀", 3],
  ])("reads %s as UTF-8 when it is cut by %i bytes, of which it keeps nothing", async (text, cutBytes) => {
    const bytes = Buffer.from(text);
    const { params } = await read(multipart(part('name="a"', bytes.subarray(0, -cutBytes))), MULTIPART);
    expect(params).toEqual({ a: [...text].slice(0, -1).join("") });
  });

  it.each([
    ["café", Buffer.from("caf\xe9", "latin1")],
    ["Grüße", Buffer.from("Gr\xfc\xdfe", "latin1")],
    ["Ã¼ Grüß", Buffer.from("\xc3\xbc Gr\xfc\xdf", "latin1")],
    ["Ã¼ õ", Buffer.from("\xc3\xbc \xf5", "latin1")],
  ])("reads %s as windows-1252, although its last bytes might begin a character of UTF-8", async (text, bytes) => {
    const { params } = await read(multipart(part('name="a"', bytes)), MULTIPART);
    expect(params).toEqual({ a: text });
  });

  it("stores file parts under any of their names, by number and then as they arrive", async () => {
    const { files, attachments, params } = await read(
      multipart(
        part('name="attachments[3]"; filename="three.bin"', Buffer.from([0, 255, 13, 10])),
        part('name="attachments[1]"; filename="one.txt"', "1", ["Content-Type: text/x-own; charset=utf-8"]),
        part('name="attachments[]"; filename="four.pdf"', "4", ["Content-Type: application/octet-stream"]),
        part('name="attachments"; filename="five"', "5"),
        part('name="other"; filename="ignored.txt"', "x"),
      ),
      MULTIPART,
    );
    expect(files).toEqual([
      { name: "one.txt", content: "1" },
      { name: "three.bin", content: "\u0000ÿ\r\n" },
      { name: "four.pdf", content: "4" },
      { name: "five", content: "5" },
    ]);
    expect(attachments.map(({ contentType }) => contentType)).toEqual([
      "text/x-own",
      "application/octet-stream",
      "application/pdf",
      "application/octet-stream",
    ]);
    expect(params).toEqual({});
  });

  it.each([
    ['filename="C:\\Users\\me\\a.txt"', "a.txt"],
    ['filename="a \\"quoted\\" name; x.txt"', 'a "quoted" name; x.txt'],
    ["filename=plain.txt", "plain.txt"],
    ["filename=\"x.txt\"; filename*=UTF-8''%e2%82%ac%20na%C3%AFve.txt", "€ naïve.txt"],
    ["filename*=utf-8'en'%e2%82%ac.txt; filename=\"x.txt\"", "€.txt"],
    ["filename*=iso-8859-1''na%EFve.txt", "naïve.txt"],
    ["filename*0*=UTF-8''%e2%82; filename*1*=%ac; filename*2=\"100%.txt\"", "€100%.txt"],
    ['filename="ü.txt"', "ü.txt"],
  ])("reads the file name in %s", async (disposition, name) => {
    const { files } = await read(multipart(part(`name="attachments[]"; ${disposition}`, "x")), MULTIPART);
    expect(files).toEqual([{ name, content: "x" }]);
  });

  it("takes a file input that was left empty as not given, but not a file without a name", async () => {
    expect(await read(multipart(part('name="attachments[]"; filename=""', "")), MULTIPART)).toMatchObject({ attachments: [], problems: [] });
    expect((await read(multipart(part('name="attachments[]"; filename=""', "x")), MULTIPART)).problems[0]?.message).toContain("has no name");
    expect((await read(multipart(part('name="attachments[]"; filename="empty.txt"', "")), MULTIPART)).files).toEqual([{ name: "empty.txt", content: "" }]);
  });

  it.each(["attachment", "file", "FORM-DATA"])("takes a part with a name for a field or a file, although it is said to be %s", async (type) => {
    const odd = (disposition: string) => Buffer.from(`--XX\r\nContent-Disposition: ${type}; ${disposition}\r\n\r\nx\r\n`);
    const { params, files } = await read(multipart(odd('name="a"'), odd('name="attachments[]"; filename="a.txt"')), MULTIPART);
    expect([params, files]).toEqual([{ a: "x" }, [{ name: "a.txt", content: "x" }]]);
  });

  it("skips what is no form field, and what stands around the parts", async () => {
    const odd = Buffer.from('preamble\r\n--XX\r\nContent-Disposition: attachment; filename="a"\r\n\r\nx\r\n--XX\r\n\r\nno headers\r\n');
    const { params } = await read(Buffer.concat([odd, multipart(part('name="b"', "1")), Buffer.from("epilogue")]), MULTIPART);
    expect(params).toEqual({ b: "1" });
  });

  it("reads a quoted boundary, and one in any case", async () => {
    expect((await read(multipart(part('name="a"', "1")), 'Multipart/Form-Data; Boundary="XX"')).params).toEqual({ a: "1" });
  });

  it.each([
    ["without a boundary", "multipart/form-data", multipart(part('name="a"', "1"))],
    ["with an empty boundary", "multipart/form-data; boundary=", multipart(part('name="a"', "1"))],
    ["with an endless boundary", `multipart/form-data; boundary=${"X".repeat(300)}`, multipart(part('name="a"', "1"))],
    ["that ends inside a part", MULTIPART, part('name="a"', "1")],
    ["that ends inside a file", MULTIPART, part('name="attachments[]"; filename="a.txt"', "1")],
    ["that ends inside the headers", MULTIPART, Buffer.from("--XX\r\nContent-Disp")],
    ["that holds no boundary", MULTIPART, Buffer.from("a=1&b=2")],
  ])("is refused %s", async (_what, contentType, body) => {
    await expect(read(body, contentType)).rejects.toThrow(MalformedBody);
  });

  it("is refused with a name of a field or a file beyond what a form's may have", async () => {
    const name = "n".repeat(4096);
    expect((await read(multipart(part(`name="${name}"`, "1")), MULTIPART)).params).toEqual({ [name]: "1" });
    for (const file of ["", '; filename="a.txt"']) {
      await expect(read(multipart(part(`name="${name}n"${file}`, "1")), MULTIPART)).rejects.toThrow(new MalformedBody(TOO_LONG));
    }
    await expect(read(`${name}n=1`, FORM)).rejects.toThrow(new MalformedBody(TOO_LONG));
  });

  it("is refused with too many fields, or with too many parts that are none", async () => {
    const fields = Array.from({ length: 4 }, (_, index) => part(`name="f${index}"`, "1"));
    await expect(read(multipart(...fields), MULTIPART, { limits: { fields: 3 } })).rejects.toThrow(MalformedBody);
    const empty = Buffer.from("--XX\r\n\r\n\r\n".repeat(50));
    await expect(read(Buffer.concat([empty, multipart()]), MULTIPART, { limits: { fields: 3 } })).rejects.toThrow(MalformedBody);
  });
});
