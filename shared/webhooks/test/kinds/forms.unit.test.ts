import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Form, fieldOf, readForm } from "../../src/kinds/forms.ts";
import { type Field, multipart, urlencoded } from "../calls.ts";

const LATIN_1 = Buffer.from([0x5a, 0x6f, 0xeb, 0x0d, 0x0a, 0x00, 0xff]);
const read = ({ body, headers }: { body: Buffer; headers: Record<string, string> }) => readForm(headers["content-type"], body);
const valuesOf = (form: Form) => (form.kind === "form" ? form.parts.map(({ name, bytes }) => [name, bytes.toString("latin1")]) : form.because);

describe.each([
  ["an urlencoded form", urlencoded],
  ["a multipart form", multipart],
])("%s", (_name, write) => {
  test("gives every byte as it is, whatever the charset, in the order in which they came", async () => {
    const form = await read(
      write([
        { name: "text", value: LATIN_1 },
        { name: "empty", value: "" },
        { name: "text", value: "second" },
      ]),
    );
    expect(valuesOf(form)).toEqual([
      ["text", LATIN_1.toString("latin1")],
      ["empty", ""],
      ["text", "second"],
    ]);
    expect(form.kind === "form" && fieldOf(form.parts, "text")).toEqual(LATIN_1);
  });

  test("gives back whatever bytes were written into it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }), async (values) => {
        const fields: Field[] = values.map((value, at) => ({ name: `f${at}`, value: Buffer.from(value) }));
        expect(valuesOf(await read(write(fields, "a-boundary-that-no-bytes-hold")))).toEqual(fields.map(({ name, value }) => [name, value.toString("latin1")]));
      }),
      { numRuns: 100 },
    );
  });

  test("of more than 1000 fields is refused", async () => {
    const fields = Array.from({ length: 1001 }, (_, at) => ({ name: `f${at}`, value: "x" }));
    expect(await read(write(fields))).toMatchObject({ kind: "malformed", because: expect.stringContaining("1000") });
  });
});

describe("an urlencoded form", () => {
  test("turns plus into a space and leaves a % that escapes nothing", async () => {
    expect(valuesOf(await readForm(undefined, Buffer.from("a=1+2%2B3&b=100%&c=%zz&d&=e")))).toEqual([
      ["a", "1 2+3"],
      ["b", "100%"],
      ["c", "%zz"],
      ["d", ""],
      ["", "e"],
    ]);
  });
});

describe("a multipart form", () => {
  test("gives file names as they are, in UTF-8, in Latin-1 and encoded, with their paths", async () => {
    const disposition = (parameters: string) => `--b\r\nContent-Disposition: form-data; name="f"; ${parameters}\r\n\r\nx\r\n`;
    const body = [`filename="Größe.pdf"`, `filename="a.txt"; filename*=UTF-8''%E2%82%AC.txt`, `filename="C:\\temp\\a \\"b\\".txt"`].map(disposition).join("");
    const latin1 = Buffer.from(disposition('filename="Zo\xeb.pdf"'), "latin1");
    const form = await readForm('multipart/form-data; boundary="b"', Buffer.concat([Buffer.from(body), latin1, Buffer.from("--b--\r\n")]));
    expect(form.kind === "form" && form.parts.map(({ fileName }) => fileName)).toEqual(["Größe.pdf", "€.txt", 'C:\\temp\\a "b".txt', "Zoë.pdf"]);
  });

  test("that is cut, has no boundary or a part without a name is refused", async () => {
    const { body, headers } = multipart({ a: "1", b: "2" });
    for (let length = 0; length < body.length - "--\r\n".length; length += 7) {
      expect(await read({ body: body.subarray(0, length), headers })).toMatchObject({ kind: "malformed" });
    }
    expect(await readForm("multipart/form-data", body)).toMatchObject({ kind: "malformed", because: expect.stringContaining("boundary") });
    expect(await readForm("multipart/form-data; boundary=b", Buffer.from("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n"))).toMatchObject({
      kind: "malformed",
    });
  });

  test("may have parts of any size, whatever they are cut into", async () => {
    for (const size of [16_383, 16_384, 65_400, 65_500, 65_536, 131_072, 200_000]) {
      const form = await read(multipart({ a: Buffer.alloc(size, 97), b: Buffer.alloc(size, 98) }));
      expect(form.kind === "form" && form.parts.map(({ bytes }) => bytes.length)).toEqual([size, size]);
    }
  });

  test("of a million parts is given up before they are read", async () => {
    const body = Buffer.from("--b\r\n\r\n".repeat(1_000_000));
    const startedAt = performance.now();
    expect(await readForm("multipart/form-data; boundary=b", body)).toMatchObject({ kind: "malformed", because: expect.stringContaining("1000") });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  test("may have large parts, and bytes after its end", async () => {
    const large = Buffer.alloc(3_000_000, "0123456789\r\n--xYzZ");
    const { body, headers } = multipart({ large, last: "x" });
    const form = await read({ body: Buffer.concat([body, Buffer.from("epilogue")]), headers });
    expect(form.kind === "form" && form.parts.map(({ bytes }) => bytes.length)).toEqual([3_000_000, 1]);
  });
});

test("any other type is refused by its name", async () => {
  expect(await readForm("application/json", Buffer.from("{}"))).toMatchObject({ kind: "malformed", because: expect.stringContaining("application/json") });
});
