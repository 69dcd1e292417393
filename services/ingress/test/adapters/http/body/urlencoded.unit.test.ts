import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { BodyTooLarge, MalformedBody } from "../../../../src/adapters/http/body/errors.ts";
import { parseQuery, readBody } from "../../../../src/adapters/http/body/read-body.ts";
import { FORM, LIMITS, makeRecordingStore, read } from "./support.ts";

const paramsOf = async (body: string | Buffer, contentType: string | undefined = FORM) => (await read(body, contentType)).params;

describe("an urlencoded body", () => {
  it("becomes parameters", async () => {
    expect(await paramsOf("action=OpenTicket&subject=a+b%20c%2Bd&message=%C3%BC%E2%82%AC")).toEqual({
      action: "OpenTicket",
      subject: "a b c+d",
      message: "ü€",
    });
  });

  it("is read without a content type, and with parameters in it", async () => {
    expect(await paramsOf("a=1", undefined)).toEqual({ a: "1" });
    expect((await read("a=1", undefined)).params).toEqual({ a: "1" });
    expect(await paramsOf("a=1", "Application/X-WWW-Form-Urlencoded; charset=UTF-8")).toEqual({ a: "1" });
  });

  it("takes broken escapes literally", async () => {
    expect(await paramsOf("a=100%&b=%zz&c=%4&d=%%41&e=%")).toEqual({ a: "100%", b: "%zz", c: "%4", d: "%A", e: "%" });
  });

  it("keeps what follows the first equals sign", async () => {
    expect(await paramsOf("a=b=c==")).toEqual({ a: "b=c==" });
  });

  it("reads fields without a value as empty, and skips those without a name", async () => {
    expect(await paramsOf("a&b=&&=x&c")).toEqual({ a: "", b: "", c: "" });
  });

  it("lets the later of two fields of a name win", async () => {
    expect(await paramsOf("a=1&a=2&b[x]=1&b[x]=2&c=1&c[x]=2&d[x]=1&d=2")).toEqual({ a: "2", b: { x: "2" }, c: { x: "2" }, d: "2" });
  });

  it("nests brackets as PHP does", async () => {
    expect(await paramsOf("customfields[3]=x&customfields%5B7%5D=y&a[]=1&a[]=2&b[5]=1&b[]=2&c[x][y]=1&c[x][z]=2")).toEqual({
      customfields: { 3: "x", 7: "y" },
      a: ["1", "2"],
      b: { 5: "1", 6: "2" },
      c: { x: { y: "1", z: "2" } },
    });
  });

  it("reads names that are not quite brackets as PHP does", async () => {
    expect(await paramsOf("a[b=1&c[d]e=2& f=3&[g]=4")).toEqual({ a_b: "1", c: { d: "2" }, f: "3", "[g]": "4" });
  });

  it("makes harmless what is dangerous as a key", async () => {
    const params = await paramsOf("__proto__=1&__proto__[polluted]=1&a[__proto__][polluted]=1&constructor[prototype][polluted]=1&toString=x&a[b]=1");
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Object.getPrototypeOf(params)).toBeNull();
    expect(params).toEqual({ constructor: { prototype: { polluted: "1" } }, toString: "x", a: { b: "1" } });
  });

  it("falls back to windows-1252 for a field that is no UTF-8, and for that field alone", async () => {
    expect(await paramsOf("a=%FCber+%80&b=%C3%BC")).toEqual({ a: "über €", b: "ü" });
  });

  it("is empty when nothing was sent, whatever its content type", async () => {
    for (const contentType of [FORM, "application/json", "multipart/form-data", "text/plain", undefined]) {
      expect((await read([], contentType)).params).toEqual({});
      expect((await read("ignored", contentType, { contentLength: 0 })).params).toEqual({});
    }
  });

  it("is refused beyond the limits on fields, nesting and names", async () => {
    await expect(read("a=1&b=2&c=3", FORM, { limits: { fields: 2 } })).rejects.toThrow(MalformedBody);
    await expect(read("a[b][c]=1", FORM, { limits: { nesting: 1 } })).rejects.toThrow(MalformedBody);
    await expect(read("x".repeat(5_000), FORM)).rejects.toThrow(MalformedBody);
  });

  it("is refused when its fields are too large together", async () => {
    await expect(read("a=12345&b=123456&c=1", FORM, { limits: { fieldBytes: 10 } })).rejects.toThrow(BodyTooLarge);
    expect((await read("a=12345&b=12345", FORM, { limits: { fieldBytes: 10 } })).params).toEqual({ a: "12345", b: "12345" });
  });

  it("is described by a request's own headers as well", async () => {
    const deps = { limits: LIMITS, storeBlob: makeRecordingStore().storeBlob };
    const json = () => Readable.from([Buffer.from('{"a":1}')]);
    expect((await readBody(json(), { "content-type": "application/json", "content-length": "7" }, deps)).params).toEqual({ a: 1 });
    expect((await readBody(json(), { "content-type": "application/json", "content-length": "0" }, deps)).params).toEqual({});
    await expect(readBody(json(), { "content-length": "9000000" }, deps)).rejects.toThrow(BodyTooLarge);
  });

  it("is refused when one field is too large, however it arrives", async () => {
    const refused = { limits: { fieldBytes: 10 } };
    await expect(read("a=12345678901&b=1", FORM, refused)).rejects.toThrow(BodyTooLarge);
    await expect(read("a=12345678901", FORM, refused)).rejects.toMatchObject({ limitBytes: 10 });
    expect((await read("a=1234567890&b=", FORM, refused)).params).toEqual({ a: "1234567890", b: "" });
  });
});

describe("what fields of a form hold in memory", () => {
  const nested = Array.from({ length: 100 }, (_, n) => `${n}[a][a][a]=text`).join("&");
  const KEYS = 400;

  it("is counted by the keys in their names as well, in a body and in a query", async () => {
    const counted: number[] = [];
    await read([Buffer.from(nested), Buffer.from("&")], FORM, { onHeld: (heldBytes) => void counted.push(heldBytes) });
    counted.push(parseQuery(nested, LIMITS).heldBytes);
    for (const heldBytes of counted) expect(heldBytes).toBeGreaterThan(KEYS * 360);
    for (const heldBytes of counted) expect(heldBytes).toBeLessThan(KEYS * 380);
  });
});

describe("a query string", () => {
  it("becomes parameters by the same rules as a body", async () => {
    const query = "action=OpenTicket&subject=a+b%20c&customfields[3]=x&a[]=1&a[]=2&b=%zz&c&=x&d=%FC&__proto__[x]=1&a[]=3";
    expect(parseQuery(query, LIMITS).params).toEqual(await paramsOf(query));
  });

  it("never throws: what nests too deep is left out, and what comes behind the last field that is allowed", () => {
    expect(parseQuery("", LIMITS)).toEqual({ params: {}, heldBytes: 0 });
    expect(parseQuery(`a${"[x]".repeat(8_000)}=1&b=2`, LIMITS).params).toEqual({ b: "2" });
    expect(parseQuery("a=1&b=2&c=3", { ...LIMITS, fields: 2 }).params).toEqual({ a: "1", b: "2" });
  });
});
