import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callApi, callJson, type Fields, getTicket, httpBuildQuery } from "../support/api-php.ts";
import { addCredential } from "../support/credentials.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { until } from "../support/until.ts";

// AddTicketReply through the classic call: each parameter, each error, each answer.

let stack: Stack;
let ticketid: number;
beforeAll(async () => {
  stack = await startStack({ env: { TIME_ZONE: "Europe/Berlin", TICKET_STATUSES: "Waiting for parts" } });
});
beforeEach(async () => {
  ticketid = (await callJson(stack, { deptid: 1, subject: "s", message: "m", clientid: 1, noemail: true })).id ?? 0;
});
afterAll(() => stack?.stop());

const fields = (more: Fields = {}): Fields => ({ action: "AddTicketReply", ticketid, clientid: 1, message: "more", ...more });
const call = (more: Fields = {}) => callJson(stack, fields(more));
const GUEST: Fields = { clientid: "", name: "Ada Guest", email: "ada.guest@example.test" };

/** Adds a reply, and shows it and its ticket. */
async function reply(more: Fields = {}) {
  const answer = await call(more);
  if (answer.result !== "success") throw new Error(answer.message);
  const shown = await getTicket(stack, ticketid);
  const added = shown.replies.at(-1);
  if (!added) throw new Error("no reply is shown");
  return { ticket: shown, added };
}

describe("the answer", () => {
  it.each([
    ["json", '{"result":"success"}', "application/json"],
    [
      "xml",
      '<?xml version="1.0" encoding="utf-8"?><whmcsapi version="8.11"><action>addticketreply</action><result>success</result></whmcsapi>',
      "application/xml",
    ],
    ["nvp", "result=success;", "text/plain"],
  ])("in %s is the result alone; what we add stands in headers", async (responsetype, text, contentType) => {
    const answer = await callApi(stack, fields({ responsetype }));
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(answer.headers.get("content-type")).toContain(contentType);
    const [added] = (await getTicket(stack, ticketid)).replies;
    expect(answer.headers.get("x-reply-id")).toBe(String(added?.replyId));
    expect(answer.headers.get("x-request-id")).toBe(added?.requestId);
  });

  it("to the same request again is the same, marked; one reply is kept", async () => {
    const first = await callApi(stack, fields({ idempotencykey: `again-${ticketid}` }));
    const second = await callApi(stack, fields({ idempotencykey: `again-${ticketid}` }));
    expect([first, second].map(({ headers }) => headers.get("idempotency-replayed"))).toEqual([null, "true"]);
    expect(second.headers.get("x-reply-id")).toBe(first.headers.get("x-reply-id"));
    expect(await getTicket(stack, ticketid)).toMatchObject({ replyCount: 1, replies: { length: 1 } });
  });

  it("to a key that was used for another reply, or for a ticket, is a conflict", async () => {
    const idempotencykey = `conflict-${ticketid}`;
    await call({ idempotencykey });
    expect(await call({ idempotencykey, message: "other" })).toMatchObject({ result: "error", errors: [{ code: "idempotency_key_reused" }] });
    const ticket = await callJson(stack, { deptid: 1, clientid: 1, subject: "s", message: "m", idempotencykey });
    expect(ticket.errors?.[0]?.code).toBe("idempotency_key_reused");
  });
});

describe("parameters", () => {
  it("message, markdown: kept as they are", async () => {
    expect((await reply({ message: "Größe **✓**\n<b>", useMarkdown: true })).added).toMatchObject({ message: "Größe **✓**\n<b>", markdown: true });
  });

  it("clientid and contactid: who replies; the ticket waits for staff", async () => {
    const { ticket, added } = await reply({ contactid: 1 });
    expect(added.author).toEqual({ kind: "contact", clientid: 1, contactid: 1, name: "Luigi Menabrea", email: "luigi@client.example.test" });
    expect(ticket).toMatchObject({ status: "Customer-Reply", lastReplyAt: added.createdAt });
  });

  it("adminusername: the staff answers", async () => {
    const { ticket, added } = await reply({ clientid: "", adminusername: "agent" });
    expect(added.author).toMatchObject({ kind: "admin", admin: "agent", name: "Alan Turing" });
    expect(ticket.status).toBe("Answered");
  });

  it("name and email: a guest", async () => {
    expect((await reply(GUEST)).added.author).toEqual({ kind: "guest", name: GUEST.name, email: GUEST.email });
  });

  it.each([
    ["Closed", "Closed"],
    ["in progress", "In Progress"],
    ["WAITING FOR PARTS", "Waiting for parts"],
    ["", "Customer-Reply"],
    ["null", "Customer-Reply"],
  ])("status %j: the ticket is %s", async (status, expected) => {
    expect((await reply({ status })).ticket.status).toBe(expected);
  });

  it("created: in the configured zone where it names none", async () => {
    expect((await reply({ created: "2024-07-01 10:00:00" })).added.createdAt).toBe("2024-07-01T08:00:00.000Z");
  });

  it("customfields: those of the ticket", async () => {
    const customfields = Buffer.from('a:1:{i:1;s:6:"Google";}').toString("base64");
    expect((await reply({ customfields })).ticket.customfields).toEqual([{ id: 1, name: "How did you find us?", value: "Google" }]);
  });

  it("attachments: kept, and fetched again as they came", async () => {
    const files = [{ name: "note.txt", data: Buffer.from("hello").toString("base64") }];
    const { added } = await reply({ attachments: Buffer.from(JSON.stringify(files)).toString("base64") });
    expect(added.attachments).toMatchObject([{ name: "note.txt", size: 5, sha256: expect.stringMatching(/^2cf24dba/) }]);
  });

  it.each(["undefined", "[object Object]", "None", "0"])("optional ones given as %j are not given", async (dirty) => {
    const optional = ["contactid", "adminusername", "status", "created", "customfields", "attachments"];
    const { added } = await reply(Object.fromEntries(optional.map((name) => [name, dirty])));
    expect(added).toMatchObject({ author: { kind: "client" }, attachments: [], status: "Customer-Reply" });
  });

  it("the action in any case, everything in the query", async () => {
    const query = httpBuildQuery({ ...stack.credentials, ...fields({ action: "addticketREPLY" }) });
    expect((await callApi(stack, {}, { path: `/includes/api.php?${query}`, body: "" })).text).toBe("result=success;");
  });
});

describe("errors", () => {
  it.each<[string, Fields]>([
    ["Ticket ID not found", { ticketid: 999_999 }],
    ["Ticket ID not found", { ticketid: "abc" }],
    ["Client ID Not Found", { clientid: 999 }],
    ["Contact ID Not Found", { contactid: 2 }],
    ["Name and email address are required if not a client", { clientid: "" }],
    ["Message is required", { message: "" }],
    ["Email Address Invalid", { ...GUEST, email: "nobody" }],
    ["Invalid Ticket Status", { status: "Lost" }],
    ["Invalid Date Format", { created: "31.12.2025" }],
    ["Reply creation date cannot be in the future", { created: "2999-01-01" }],
  ])("%s", async (message, more) => {
    expect(await call(more)).toMatchObject({ status: 200, result: "error", message });
  });

  it("all at once, the first of the reference's order as the message", async () => {
    const answer = await call({ ticketid: "", clientid: 999, message: "", status: "Lost", created: "x" });
    expect(answer.errors?.map(({ message }) => message)).toEqual([
      "Ticket ID not found",
      "Client ID Not Found",
      "Message is required",
      "Invalid Ticket Status",
      "Invalid Date Format",
    ]);
    expect(Object.keys(answer).at(-1)).toBe("message");
  });

  it("a credential without the permission is told so", async () => {
    const credentials = await addCredential(stack, "opens-only", ["openticket"]);
    const answer = await call(credentials);
    expect(answer).toMatchObject({ status: 403, message: 'Invalid Permissions: API action "addticketreply" is not allowed' });
  });
});

describe("mails", () => {
  async function delivered(more: Fields) {
    await reply(more);
    return until("all deliveries", async () => {
      const [added] = (await getTicket(stack, ticketid)).replies;
      return added?.deliveries.every(({ state }) => state === "delivered") ? added.deliveries.map(({ key }) => key) : undefined;
    });
  }

  it("the client's reply goes to staff, and its ticket knows of it", async () => {
    expect(await delivered({})).toEqual(["ticket", "reply", "mail:staff:agent"]);
  });

  it("the staff's answer goes to the opener", async () => {
    expect(await delivered({ clientid: "", adminusername: "admin" })).toEqual(["ticket", "reply", "mail:opener"]);
  });

  it("noemail: nobody is mailed", async () => {
    expect(await delivered({ clientid: "", adminusername: "admin", noemail: true })).toEqual(["ticket", "reply"]);
  });
});
