import { describe, expect, it } from "vitest";
import { decodeTicketParams, NO_SUCH_ID } from "../src/index.ts";

const NOT_GIVEN = ["", "0", "false", "False", "null", "None", "<nil>", "undefined", "[object Object]", "{'1': 'x'}", "{}", null, undefined, 0, [], {}];
const decode = (params: Record<string, unknown>) => decodeTicketParams(params).ticket;

describe("literals that callers send for nothing", () => {
  it.each(NOT_GIVEN)("%j is not given for ids, flags, attachments, custom fields, date and priority", (value) => {
    const names = [
      "clientid",
      "userid",
      "contactid",
      "serviceid",
      "domainid",
      "admin",
      "noemail",
      "markdown",
      "preventClientClosure",
      "attachments",
      "customfields",
      "created",
      "priority",
    ];
    const decoded = decodeTicketParams(Object.fromEntries(names.map((name) => [name, value])));
    expect(decoded).toEqual({ ticket: {}, problems: [] });
  });

  it.each(["None", "null", "0", "false", "undefined"])("%j stays a subject and a message", (value) => {
    expect(decode({ subject: value, message: value })).toEqual({ subject: value, message: value });
  });
});

describe("ids", () => {
  it.each([
    ["1.00", 1],
    ["01", 1],
    [" 1", 1],
    ["1e+06", 1_000_000],
    ["1.234567e+06", 1_234_567],
    [7, 7],
    ["7", 7],
    ["+7", 7],
    ["7.", 7],
    [".5e1", 5],
  ])("%j is %d", (given, id) => {
    expect(decode({ clientid: given })).toEqual({ clientid: id });
  });

  it.each(["abc", "1.5", "-1", "1e400", "99999999999999999999", "0x10", [1], { id: 1 }, true, "S1"])("%j is an id that nothing has", (given) => {
    expect(decode({ clientid: given })).toEqual({ clientid: NO_SUCH_ID });
  });
});

describe("what is no id, however long", () => {
  it.each([
    ["digits", "1".repeat(100_000)],
    ["digits with a letter behind them", `${"1".repeat(100_000)}x`],
    ["a fraction with a letter behind it", `1.${"1".repeat(100_000)}x`],
    ["blanks behind a brace", `{${" ".repeat(100_000)}x`],
    ["quotes and braces", `{${"'}".repeat(50_000)}x`],
  ])("takes no time to tell: %s", (_what, given) => {
    const startedAt = performance.now();
    expect(decode({ clientid: given })).toEqual({ clientid: NO_SUCH_ID });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe("flags", () => {
  it.each([true, "true", "True", "TRUE", "1", 1, "on", "yes"])("%j is true", (given) => {
    expect(decode({ noemail: given })).toEqual({ noemail: true });
  });

  it.each(["no", "off", "No"])("%j is false", (given) => {
    expect(decode({ noemail: given })).toEqual({ noemail: false });
  });

  it("a real false is kept, because it overrules a department's default", () => {
    expect(decode({ preventClientClosure: false })).toEqual({ preventClientClosure: false });
  });

  it("useMarkdown is the old name of markdown", () => {
    expect(decode({ useMarkdown: "1" })).toEqual({ markdown: true });
    expect(decode({ useMarkdown: "1", markdown: false })).toEqual({ markdown: false });
    expect(decode({ useMarkdown: "1", markdown: "" })).toEqual({ markdown: true });
  });
});

describe("text", () => {
  it("is kept to the letter, numbers become text, and lone surrogates are replaced", () => {
    expect(decode({ subject: "  a\nb ", message: 5, name: "x\ud800" })).toEqual({ subject: "  a\nb ", message: "5", name: "x\ufffd" });
  });

  it("a list in place of a text is a problem that names the field", () => {
    expect(decodeTicketParams({ subject: ["a"] })).toEqual({
      ticket: {},
      problems: [{ code: "subject_invalid", field: "subject", message: "subject must be text, not a list or an object" }],
    });
  });

  it("names of the prototype are no parameters", () => {
    expect(decodeTicketParams(JSON.parse('{"__proto__":{"subject":"x"},"constructor":1}'))).toEqual({ ticket: {}, problems: [] });
  });
});

it("real types pass through a second reading unchanged", () => {
  const ticket = {
    deptid: 1,
    subject: "s",
    message: "m",
    clientid: 2,
    userid: 3,
    contactid: 4,
    name: "n",
    email: "e@x.test",
    priority: "High",
    created: "2024-01-01",
    serviceid: 5,
    domainid: 6,
    admin: true,
    noemail: false,
    markdown: true,
    preventClientClosure: false,
    customfields: { "1": "a", "2": [1, null] },
    attachments: [
      { name: "a.txt", data: "YQ==" },
      { name: "b", contentType: "x/y", size: 1, sha256: "a".repeat(64) },
    ],
  };
  expect(decodeTicketParams(ticket)).toEqual({ ticket, problems: [] });
});
