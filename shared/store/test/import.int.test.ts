import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, importReferenceData, type ReferenceFile, type StoreConnection } from "../src/index.ts";

let store: StoreConnection;
beforeEach(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("import")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterEach(async () => {
  await store.db.dropDatabase();
  await store.close();
});

const file = (name: string, ...lines: string[]): ReferenceFile => ({ name, text: lines.join("\n") });
const json = (content: object): ReferenceFile => ({ name: "all.json", text: JSON.stringify(content) });
const CLIENTS = file("clients.csv", "id,firstname,lastname,email", "1,Ada,Lovelace,ada@example.test", "2,Alan,Turing,alan@example.test");
const imported = (...files: ReferenceFile[]) => importReferenceData(store, files);
const faultsOf = async (...files: ReferenceFile[]) => {
  const outcome = await imported(...files);
  return outcome.kind === "refused" ? outcome.faults : [];
};
const rows = (kind: "clients" | "departments" | "contacts" | "credentials" | "admins") => store.models[kind].find({}).sort({ _id: 1 }).lean();

describe("an import", () => {
  it("takes CSV and JSON together, which may refer to one another", async () => {
    const outcome = await imported(json({ contacts: [{ id: 5, clientid: 2, firstname: "Mary", email: "mary@example.test" }] }), CLIENTS);
    expect(outcome).toMatchObject({ kind: "imported", counts: { clients: 2, contacts: 1 } });
    expect(await rows("contacts")).toMatchObject([{ _id: 5, clientid: 2, email: "mary@example.test" }]);
  });

  it("reads what spreadsheets write: a byte order mark, CRLF, quotes with commas and line breaks, blank lines", async () => {
    const text = '\ufeffid,firstname,lastname,email\r\n1,"Ada, Countess","Love\r\nlace",ada@example.test\r\n\r\n2,Alan,,alan@example.test\r\n';
    expect((await imported({ name: "exports/clients.csv", text })).kind).toBe("imported");
    expect(await rows("clients")).toMatchObject([{ firstname: "Ada, Countess", lastname: "Love\r\nlace" }, { _id: 2 }]);
  });

  it("can be repeated, and replaces rows with the same key", async () => {
    await imported(CLIENTS);
    await imported(CLIENTS);
    await imported(file("clients.csv", "id,firstname,email", "1,Augusta,ada@example.test"));
    expect(await rows("clients")).toMatchObject([{ _id: 1, firstname: "Augusta" }, { _id: 2 }]);
  });

  it("reports every bad row with its line, and applies nothing", async () => {
    const faults = await faultsOf(
      CLIENTS,
      file("departments.csv", "id,name,email", "1,Support,support@example.test", "x,Sales,sales@example.test", '3,"Two', 'lines",nope'),
    );
    expect(faults).toMatchObject([
      { file: "departments.csv", line: 3, message: expect.stringContaining("id") },
      { file: "departments.csv", line: 5, message: expect.stringContaining("email") },
    ]);
    expect(await rows("clients")).toEqual([]);
  });

  it("a row with too few or too many cells hides no other fault", async () => {
    const faults = await faultsOf(file("clients.csv", "id,firstname,email", "1,Ada", "2,Alan,alan@example.test,extra", "x,Grace,grace@example.test"));
    expect(faults).toMatchObject([{ line: 2 }, { line: 3 }, { line: 4, message: expect.stringContaining("id") }]);
  });

  it("a fault in JSON has a line too: of its row, or where it stops being JSON", async () => {
    const rows = ['{"clients": [', '  {"id": 1, "firstname": "A]{", "email": "a@example.test"},', '  {"id": "x"}, 7', '], "tickets": []}'];
    expect(await faultsOf(file("all.json", ...rows))).toMatchObject([{ message: expect.stringContaining("tickets") }, { line: 3 }, { line: 3 }]);
    expect(await faultsOf(file("clients.json", "\ufeff[", "", '{"id": 2}', "]"))).toMatchObject([{ line: 3 }]);
    expect(await faultsOf(file("clients.json", "[", '{"id": 2', "]"))).toMatchObject([{ line: 3 }]);
    expect(await faultsOf(file("clients.json", "[", "{"))).toMatchObject([{ line: 2 }]);
  });

  it.each<[string, ReferenceFile[], RegExp]>([
    ["a reference to nothing", [file("contacts.csv", "id,clientid,firstname,email", "1,9,A,a@example.test")], /there is no clients 9/],
    [
      "a key that was given twice",
      [CLIENTS, file("more/clients.csv", "id,firstname,email", "2,Al,al@example.test")],
      /was given before, at clients.csv line 3/,
    ],
    ["a kind that does not exist", [json({ tickets: [] })], /expected a list under one of departments/],
    ["a file of another type", [file("clients.xlsx", "PK")], /expected a .json file, or <kind>.csv/],
    ["JSON that is none", [{ name: "clients.json", text: "[{" }], /JSON/],
    ["a secret that is too short", [json({ credentials: [{ identifier: "x", secret: "short" }] })], /at least 8 characters/],
  ])("refuses %s", async (_what, files, said) => {
    expect((await faultsOf(...files)).map(({ message }) => message).join("\n")).toMatch(said);
  });

  it("may refer to what is stored already", async () => {
    await imported(CLIENTS);
    expect((await imported(file("contacts.csv", "id,clientid,firstname,email", "1,2,A,a@example.test"))).kind).toBe("imported");
  });

  it("keeps no secret in clear", async () => {
    await imported(
      json({
        credentials: [{ identifier: "api", secret: "a long secret" }],
        admins: [{ username: "root", firstname: "R", email: "r@example.test", password: "hunter22" }],
      }),
    );
    const stored = JSON.stringify([await rows("credentials"), await rows("admins")]);
    expect(stored).not.toMatch(/a long secret|hunter22/);
    expect(stored).toContain("scrypt$");
  });

  it("that only looks says the same and writes nothing", async () => {
    expect(await importReferenceData(store, [CLIENTS], { isDryRun: true })).toMatchObject({ kind: "imported", counts: { clients: 2 } });
    expect(await rows("clients")).toEqual([]);
  });

  it("that fails half-way is not there", async () => {
    await imported(CLIENTS);
    await store.db
      .command({ collMod: "contacts", validator: { firstname: { $ne: "Mallory" } } })
      .catch(() => store.db.createCollection("contacts", { validator: { firstname: { $ne: "Mallory" } } }));
    const clients = file("clients.csv", "id,firstname,email", "1,Changed,ada@example.test");
    const contacts = file("contacts.csv", "id,clientid,firstname,email", "1,1,Mallory,m@example.test");
    await expect(imported(clients, contacts)).rejects.toThrow();
    expect(await rows("clients")).toMatchObject([{ firstname: "Ada" }, { firstname: "Alan" }]);
  });
});
