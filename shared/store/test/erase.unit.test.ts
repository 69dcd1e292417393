import { expect, it } from "vitest";
import { isOfPerson } from "../src/index.ts";

const ADA = { clientid: 42, emails: ["ada@client.example.test"], userids: [7], contactids: [], ticketids: [5] };

it.each([
  ["by its client", { ticket: { clientid: 42 } }],
  ["by its client, written as text", { clientid: "42" }],
  ["by its address, in whatever case", { ticket: { email: "Ada@Client.example.test" } }],
  ["by its user", { userid: 7 }],
  ["by its ticket", { ticket: { ticketid: "5" } }],
])("a command is known %s", (_what, data) => {
  expect(isOfPerson(data, ADA)).toBe(true);
});

it.each([{}, { clientid: "" }, { clientid: null }, { clientid: true }, { clientid: 43 }, "text", null, [1]])("%j is nobody's", (data) => {
  expect(isOfPerson(data, { ...ADA, clientid: 0, userids: [1] })).toBe(false);
});

it("an address is nobody's where another client is named", () => {
  const email = "ada@client.example.test";
  expect([isOfPerson({ clientid: 43, email }, ADA), isOfPerson({ clientid: "", email }, ADA)]).toEqual([false, true]);
});

it.each([0, "0", " 0 ", "null", "None", false, "[]", {}, "abc"])("an address is theirs where %j stands for the client", (clientid) => {
  expect(isOfPerson({ ticket: { clientid, email: "ada@client.example.test" } }, ADA)).toBe(true);
});

it("blanks around an address are none of it", () => {
  expect(isOfPerson({ email: " Ada@client.example.test\n" }, ADA)).toBe(true);
});

it.each(["clientid", "email", "ticketid"])("what cannot be made a text in %s breaks no erasure off", (field) => {
  expect(isOfPerson({ ticket: { [field]: { toString: 1 } } }, ADA)).toBe(false);
});
