import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callJson, type Fields, GUEST, getTicket, httpBuildQuery, readJson } from "../support/api-php.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { until } from "../support/until.ts";

// A test per parameter and per error of the reference, through the classic call.

const base64 = (text: string) => Buffer.from(text).toString("base64");
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { TIME_ZONE: "Europe/Berlin" } });
});
afterAll(() => stack?.stop());

const CLIENT: Fields = { deptid: 1, subject: "s", message: "m", clientid: 1 };
const open = async (fields: Fields) => {
  const answer = await callJson(stack, fields);
  if (answer.result !== "success") throw new Error(answer.message);
  return getTicket(stack, answer.id);
};
const messageOf = async (fields: Fields) => (await callJson(stack, fields)).message;

describe("parameters", () => {
  it("deptid, subject and message are kept", async () => {
    expect(await open({ ...GUEST, deptid: "3", subject: "Größe ✓", message: "line 1\nline 2 <b>" })).toMatchObject({
      deptid: 3,
      subject: "Größe ✓",
      message: "line 1\nline 2 <b>",
      status: "Open",
    });
  });

  it("a message has no NUL, through whichever door it came", async () => {
    expect(await open({ ...GUEST, message: "It\0 burns\n\tsince noon\0" })).toMatchObject({ message: "It burns\n\tsince noon" });
  });

  it("a name is cut to what a ticket keeps, and that is noted", async () => {
    const ticket = await open({ ...GUEST, name: "n".repeat(300) });
    expect(ticket).toMatchObject({ opener: { name: "n".repeat(255) }, decisions: [{ rule: "name", answer: "cut", because: expect.stringContaining("300") }] });
  });

  it("clientid: the client opens it", async () => {
    expect((await open(CLIENT)).opener).toEqual({ kind: "client", clientid: 1, name: "Ada Lovelace", email: "ada@client.example.test" });
  });

  it("userid: a user of that client opens it, and counts before contactid", async () => {
    expect((await open({ ...CLIENT, userid: 1, contactid: 1 })).opener).toMatchObject({ kind: "user", clientid: 1, userid: 1, name: "Mary Somerville" });
  });

  it("contactid: a contact of that client opens it", async () => {
    expect((await open({ ...CLIENT, contactid: 1 })).opener).toMatchObject({ kind: "contact", contactid: 1, name: "Luigi Menabrea" });
  });

  it("userid and contactid without clientid do not count", async () => {
    expect((await open({ ...GUEST, userid: 99, contactid: 99 })).opener).toEqual({ kind: "guest", name: GUEST.name, email: GUEST.email });
  });

  it("clientid 0 is no client", async () => {
    expect((await open({ ...GUEST, clientid: 0 })).opener).toMatchObject({ kind: "guest" });
  });

  it.each([
    ["Low", "Low"],
    ["HIGH", "High"],
    ["medium", "Medium"],
    ["", "Medium"],
  ])("priority %j is %s", async (priority, expected) => {
    expect(await open({ ...CLIENT, priority })).toMatchObject({ priority: expected });
  });

  it("an invalid priority becomes the default and is noted", async () => {
    const ticket = await open({ ...CLIENT, priority: "Urgent" });
    expect(ticket).toMatchObject({ priority: "Medium", decisions: [{ rule: "priority", answer: "Medium", because: expect.stringContaining("Urgent") }] });
  });

  it.each([
    ["2024-03-01T10:00:00Z", "2024-03-01T10:00:00.000Z"],
    ["2024-03-01T10:00:00+05:30", "2024-03-01T04:30:00.000Z"],
    ["2024-03-01 10:00:00", "2024-03-01T09:00:00.000Z"],
    ["2024-07-01 10:00:00", "2024-07-01T08:00:00.000Z"],
    ["2024-03-01", "2024-02-29T23:00:00.000Z"],
    ["20240301T100000Z", "2024-03-01T10:00:00.000Z"],
    ["2024-02-29T23:59:59.5Z", "2024-02-29T23:59:59.500Z"],
    ["1500-03-01 00:00:00", "1500-02-28T23:06:32.000Z"],
  ])("created %s, in the configured zone where it names none", async (created, expected) => {
    expect(await open({ ...CLIENT, created })).toMatchObject({ createdAt: expected });
  });

  it("serviceid and domainid are reported with their letter, and the service counts", async () => {
    expect((await open({ ...CLIENT, serviceid: 1 })).service).toBe("S1");
    expect((await open({ ...CLIENT, domainid: 1 })).service).toBe("D1");
    expect((await open({ ...CLIENT, serviceid: 1, domainid: 1 })).service).toBe("S1");
  });

  it("admin: opened by the admin behind the credential", async () => {
    expect((await open({ ...CLIENT, admin: true })).opener).toMatchObject({ kind: "client", admin: "admin" });
    expect((await open({ ...CLIENT, admin: "false" })).opener).not.toHaveProperty("admin");
  });

  it("noemail stops the mail to the opener, and no other", async () => {
    const keys = async (noemail: string) => (await open({ ...CLIENT, noemail })).deliveries.map(({ key }) => key);
    expect(await keys("true")).toEqual(["reply", "mail:staff:agent"]);
    for (const noemail of ["false", "False", ""]) expect(await keys(noemail)).toEqual(["reply", "mail:opener", "mail:staff:agent"]);
  });

  it("a department without autoresponder does not mail the opener, and an own action mails nobody", async () => {
    const { deliveries, decisions } = await open({ ...CLIENT, deptid: 2, admin: true });
    expect(deliveries.map(({ key }) => key)).toEqual(["reply"]);
    expect(decisions).toContainEqual({ rule: "mail to opener", answer: "none", because: "the department has no autoresponder" });
  });

  it.each([["markdown"], ["useMarkdown"]])("%s", async (name) => {
    expect(await open({ ...CLIENT, [name]: true })).toMatchObject({ markdown: true });
    expect(await open(CLIENT)).toMatchObject({ markdown: false });
  });

  it("preventClientClosure, or what the department says", async () => {
    expect(await open({ ...CLIENT, preventClientClosure: true })).toMatchObject({ preventClientClosure: true });
    expect(await open({ ...CLIENT, preventClientClosure: "" })).toMatchObject({ preventClientClosure: false });
    expect(await open({ ...CLIENT, deptid: 2 })).toMatchObject({ preventClientClosure: true });
    expect(await open({ ...CLIENT, deptid: 2, preventClientClosure: "false" })).toMatchObject({ preventClientClosure: true });
  });

  it.each([
    ["base64 of a PHP array", { customfields: base64('a:1:{i:1;s:6:"Google";}') }],
    ["bracket fields", { "customfields[1]": "Google" }],
    ["a JSON object", { customfields: '{"1":"Google"}' }],
  ])("customfields as %s", async (_what, fields) => {
    expect((await open({ ...CLIENT, ...fields } as Fields)).customfields).toEqual([{ id: 1, name: "How did you find us?", value: "Google" }]);
  });

  it("custom fields that do not exist or belong elsewhere are noted and left out", async () => {
    const ticket = await open({ ...CLIENT, "customfields[1]": "a", "customfields[2]": "b", "customfields[77]": "c" });
    expect(ticket.customfields).toHaveLength(1);
    expect(ticket.decisions.map(({ answer }) => answer)).toEqual(["2 left out", "77 left out"]);
  });

  it.each([
    ["base64 of JSON", { attachments: base64(JSON.stringify([{ name: "a.txt", data: base64("hello") }])) }],
    ["bracket fields", { "attachments[0][name]": "a.txt", "attachments[0][data]": base64("hello") }],
    ["base64 with line breaks", { attachments: base64(JSON.stringify([{ name: "a.txt", data: base64("hello") }])).replace(/.{9}/g, "$&\r\n") }],
  ])("attachments as %s", async (_what, fields) => {
    expect((await open({ ...CLIENT, ...fields } as Fields)).attachments).toEqual([
      { name: "a.txt", contentType: "text/plain", size: 5, sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
    ]);
  });

  it("attachments as real file parts, downloadable as they came", async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...CLIENT }))
      form.append(name, String(value));
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
    form.append("attachments[]", new Blob([bytes], { type: "image/png" }), "böse/../shot.png");
    form.append("attachments[]", new Blob(["two"]), "two.txt");
    const { id } = await readJson(await fetch(`${stack.httpUrl}/includes/api.php`, { method: "POST", body: form }));
    const { attachments } = await getTicket(stack, id);
    expect(attachments).toMatchObject([
      { name: "shot.png", contentType: "image/png", size: 300_000 },
      { name: "two.txt", size: 3 },
    ]);
    const auth = `Basic ${base64(`${stack.credentials.identifier}:${stack.credentials.secret}`)}`;
    const download = await fetch(`${stack.httpUrl}/v1/tickets/${id}/attachments/0`, { headers: { authorization: auth } });
    expect(Buffer.from(await download.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
    expect(download.headers.get("content-disposition")).toMatch(/^attachment/);
  });

  it.each([
    ["the shape that PHP cannot mean", httpBuildQuery({ "attachments[0]": "name" })],
    ["not base64", httpBuildQuery({ attachments: "%%%" })],
    ["not JSON", httpBuildQuery({ attachments: base64("hello") })],
    ["without a name", httpBuildQuery({ attachments: base64(JSON.stringify([{ data: base64("x") }])) })],
  ])("attachments %s: an error that says so, and no ticket without its files", async (_what, broken) => {
    const body = `${httpBuildQuery({ action: "OpenTicket", ...stack.credentials, responsetype: "json", ...CLIENT })}&${broken}`;
    const response = await fetch(`${stack.httpUrl}/includes/api.php`, {
      method: "POST",
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ result: "error", message: expect.stringContaining("attachments") });
  });

  it.each([
    ["OpenTicket", CLIENT],
    ["AddTicketReply", { message: "m" }],
  ])("attachments of %s cannot refer to what is stored, which may be anybody's", async (action, fields) => {
    const { id, attachments } = await open({ ...CLIENT, "attachments[0][name]": "a.txt", "attachments[0][data]": base64("secret") });
    const path = `/includes/api.php?attachments=${encodeURIComponent(JSON.stringify(attachments))}`;
    const answer = await callJson(stack, { ...fields, ticketid: Number(id), clientid: 1, action }, { path });
    expect(answer).toMatchObject({ result: "error", message: expect.stringContaining("cannot refer to files that are stored") });
  });
});

describe("errors", () => {
  it.each<[string, Fields]>([
    ["Client ID Not Found", { ...CLIENT, clientid: 99 }],
    ["Client ID Not Found", { ...CLIENT, clientid: "abc" }],
    ["The system cannot find the provided user ID.", { ...CLIENT, userid: 99 }],
    ["The system cannot find the provided user ID.", { ...CLIENT, userid: 2 }],
    ["Contact ID Not Found", { ...CLIENT, contactid: 99 }],
    ["Contact ID Not Found", { ...CLIENT, contactid: 2 }],
    ["Name and email address are required if not a client", { ...GUEST, name: "" }],
    ["Name and email address are required if not a client", { ...GUEST, email: " " }],
    ["Email Address Invalid", { ...GUEST, email: "not an address" }],
    ["Email Address Invalid", { ...GUEST, email: "a@b" }],
    ["Department ID not found", { ...GUEST, deptid: 99 }],
    ["Department ID not found", { ...GUEST, deptid: "" }],
    ["Subject is required", { ...GUEST, subject: "" }],
    ["Subject is required", { ...GUEST, subject: " \n " }],
    ["Message is required", { ...GUEST, message: "" }],
    ["Service ID Not Found", { ...CLIENT, serviceid: 99 }],
    ["Service ID Not Found", { ...CLIENT, serviceid: 2 }],
    ["Service ID Not Found", { ...GUEST, serviceid: 1 }],
    ["Domain ID Not Found", { ...CLIENT, domainid: 2 }],
    ["Invalid Date Format", { ...CLIENT, created: "yesterday" }],
    ["Invalid Date Format", { ...CLIENT, created: "2024-02-30 10:00:00" }],
    ["Invalid Date Format", { ...CLIENT, created: "2023-02-29" }],
    ["Invalid Date Format", { ...CLIENT, created: "2024-01-01 25:00:00" }],
    ["Ticket creation date cannot be in the future", { ...CLIENT, created: "2999-01-01T00:00:00Z" }],
  ])("%s: %o", async (message, fields) => {
    expect(await callJson(stack, fields)).toMatchObject({ status: 200, result: "error", message });
  });

  it("the first in the order of precedence wins, and each one fixed shows the next", async () => {
    const broken: Fields = { deptid: 99, subject: "", message: "", clientid: 99, userid: 99, serviceid: 99, created: "x" };
    const fixes: [string, Fields][] = [
      ["Client ID Not Found", { clientid: 1 }],
      ["The system cannot find the provided user ID.", { userid: "", contactid: 99 }],
      ["Contact ID Not Found", { contactid: "", clientid: 0 }],
      ["Name and email address are required if not a client", { name: "n", email: "wrong" }],
      ["Email Address Invalid", { clientid: 1 }],
      ["Department ID not found", { deptid: 1 }],
      ["Subject is required", { subject: "s" }],
      ["Message is required", { message: "m" }],
      ["Service ID Not Found", { serviceid: "", domainid: 99 }],
      ["Domain ID Not Found", { domainid: "" }],
      ["Invalid Date Format", { created: "2999-01-01" }],
      ["Ticket creation date cannot be in the future", { created: "" }],
    ];
    let fields = broken;
    for (const [message, fix] of fixes) {
      expect(await messageOf(fields)).toBe(message);
      fields = { ...fields, ...fix };
    }
    expect(await messageOf(fields)).toBeUndefined();
  });

  it("all of them are listed beside the first", async () => {
    const { errors } = await callJson(stack, { deptid: 99, subject: "", message: "", clientid: 99, created: "x" });
    expect(errors?.map(({ code, field }) => [code, field])).toEqual([
      ["client_not_found", "clientid"],
      ["department_not_found", "deptid"],
      ["subject_required", "subject"],
      ["message_required", "message"],
      ["date_invalid", "created"],
    ]);
  });

  it("Unable to generate ticket number, when the mask is too narrow", async () => {
    const narrow = await startStack({ env: { TICKET_MASK: "T%n" } });
    try {
      const tids: (string | undefined)[] = [];
      for (let n = 0; n < 10; n++) tids.push((await callJson(narrow, GUEST)).tid);
      expect(new Set(tids).size).toBe(10);
      expect(await callJson(narrow, GUEST)).toMatchObject({ status: 200, result: "error", message: "Unable to generate ticket number" });
    } finally {
      await narrow.stop();
    }
  });
});

it("the mails of a ticket: one to the opener with the link, one to the staff without it", async () => {
  const answer = await callJson(stack, { ...CLIENT, subject: "With mails" });
  const mails = await until("both mails", async () => {
    const texts = await Promise.all(
      (await readdir(join(stack.dataDir, "sent")))
        .filter((name) => name.startsWith(`ot.${answer.id}.`) && name.endsWith(".eml"))
        .map((name) => readFile(join(stack.dataDir, "sent", name), "utf8")),
    );
    return texts.length === 2 ? texts : undefined;
  });
  for (const mail of mails) expect(mail).toContain(`Subject: [Ticket ID: ${answer.tid}] With mails`);
  const [toOpener, toStaff] = ["ada@client.example.test", "agent@example.test"].map((address) =>
    mails.find((mail) => new RegExp(`^To: .*${address}`, "m").test(mail)),
  );
  expect(toOpener?.replace(/=\r?\n/g, "").replaceAll("=3D", "=")).toContain(`c=${answer.c}`);
  expect(toStaff).not.toContain(answer.c);
});
