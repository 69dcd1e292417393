import { type AddTicketReplyCommand, LIMITS, type OpenTicketCommand, type OutboxEntry, type ReplyRecord, type TicketRecord } from "@openticket/contract";
import { EXAMPLE_DATA, makeMemoryBlobStore, makeMemoryDirectory, makeMemoryRecords, makeMemoryReplyStore, makeMemoryTicketStore } from "@openticket/store";
import { beforeEach, describe, expect, it } from "vitest";
import { decideReply } from "../../src/actions.ts";
import { addTicketReply } from "../../src/pipeline/add-ticket-reply.ts";
import { openTicket } from "../../src/pipeline/open-ticket.ts";
import type { PipelineDeps } from "../../src/pipeline/ports.ts";

const ALONE = { mayHaveTwin: () => false };
const NOW = new Date("2026-03-04T05:06:07.000Z");
const STAFF = { clientid: undefined, adminusername: "agent" };
let deps: PipelineDeps;
let counter = 0;
let ticket: TicketRecord;
beforeEach(async () => {
  const records = makeMemoryRecords();
  deps = {
    directory: makeMemoryDirectory(EXAMPLE_DATA),
    tickets: makeMemoryTicketStore({ numbers: { tid: (id) => String(100 + id), accessCode: () => "code" }, records }),
    replies: makeMemoryReplyStore(records),
    blobs: makeMemoryBlobStore(),
    rules: {
      timeZone: "UTC",
      defaultPriority: "Medium",
      rejectionRetentionMs: 1000,
      attachments: { count: 5, bytes: 1000, totalBytes: 2000, extensions: "any" },
      statuses: ["Open", "Answered", "Customer-Reply", "Closed", "On Hold"],
      outboxGraceMs: 1000,
    },
    now: () => NOW,
  };
  const outcome = await openTicket(opening({ deptid: 1, clientid: 1, subject: "s", message: "m" }), ALONE, deps);
  if (outcome.kind !== "opened") throw new Error(`no ticket: ${outcome.result.message}`);
  ticket = outcome.ticket;
});

const envelope = () => ({ v: 1, requestId: `req_${++counter}`, source: { channel: "test" }, receivedAt: NOW.toISOString() });
function opening(params: OpenTicketCommand["ticket"], more: Partial<OpenTicketCommand> = {}): OpenTicketCommand {
  return { ...envelope(), ticket: params, ...more };
}
function replying(params: AddTicketReplyCommand["ticket"] = {}, more: Partial<AddTicketReplyCommand> = {}): AddTicketReplyCommand {
  return { ...envelope(), action: "AddTicketReply", ticket: { ticketid: ticket.id, clientid: 1, message: "more", ...params }, ...more };
}
const run = (command: AddTicketReplyCommand) => addTicketReply(command, ALONE, deps);
async function reply(params: AddTicketReplyCommand["ticket"] = {}, more: Partial<AddTicketReplyCommand> = {}) {
  const outcome = await run(replying(params, more));
  if (outcome.kind !== "added") throw new Error(`${outcome.kind}: ${JSON.stringify(outcome.result)}`);
  return outcome.reply;
}
const stored = () => deps.tickets.findByIdentity(ticket._id);
const mailsOf = ({ outbox }: { outbox: { kind: string; template?: string | undefined; to?: { email: string } | undefined }[] }) =>
  outbox.filter(({ kind }) => kind === "mail").map(({ template, to }) => `${template} ${to?.email}`);

describe("who replies", () => {
  it.each<[string, AddTicketReplyCommand["ticket"], object]>([
    ["the client", {}, { kind: "client", clientid: 1, name: "Ada Lovelace", email: "ada@client.example.test" }],
    ["a contact of the client", { contactid: 1 }, { kind: "contact", clientid: 1, contactid: 1, name: "Luigi Menabrea" }],
    ["a guest", { clientid: undefined, name: " Ada\nGuest ", email: "ada@guests.example.test" }, { kind: "guest", name: "Ada Guest" }],
    ["an admin", STAFF, { kind: "admin", admin: "agent", name: "Alan Turing", email: "agent@example.test" }],
    ["an admin, though a client is named as well", { adminusername: "admin" }, { kind: "admin", admin: "admin" }],
    ["an admin that nobody knows", { ...STAFF, adminusername: "Bot" }, { kind: "admin", admin: "Bot", name: "Bot" }],
  ])("%s", async (_who, params, author) => {
    expect((await reply(params)).author).toMatchObject(author);
  });

  it("an admin that nobody knows, by a name that is cut to what a reply keeps", async () => {
    const { author, decisions } = await reply({ ...STAFF, adminusername: "n".repeat(300) });
    expect(author).toEqual({ kind: "admin", admin: "n".repeat(255), name: "n".repeat(255) });
    expect(decisions).toMatchObject([{ rule: "author" }, { rule: "adminusername", answer: "cut", because: "it had 300 characters, 255 are kept" }]);
  });

  it("a user of the client, where the door has found one out", async () => {
    expect((await reply({}, { actor: { userid: 1 } })).author).toMatchObject({ kind: "user", userid: 1, name: "Mary Somerville" });
  });

  it.each([true, false])("whether a mail's sender is verified is kept: %s", async (isVerified) => {
    expect((await reply({}, { actor: { isVerified } })).author.isVerified).toBe(isVerified);
    const opened = await openTicket(opening({ deptid: 1, clientid: 1, subject: "s", message: "m" }, { actor: { isVerified } }), ALONE, deps);
    expect(opened.kind === "opened" && opened.ticket.opener.isVerified).toBe(isVerified);
  });

  it("of a request with a credential nothing is said about that", async () => {
    expect((await reply()).author).not.toHaveProperty("isVerified");
    expect(ticket.opener).not.toHaveProperty("isVerified");
  });
});

describe("the ticket", () => {
  it.each<[string, AddTicketReplyCommand["ticket"], string]>([
    ["a client's reply", {}, "Customer-Reply"],
    ["an admin's", STAFF, "Answered"],
    ["one with a status", { ...STAFF, status: "on hold" }, "On Hold"],
  ])("after %s is %s", async (_what, params, status) => {
    await reply(params);
    expect(await stored()).toMatchObject({ status, lastReplyAt: NOW, replyIds: { length: 1 } });
  });

  it("that was closed is opened by a reply", async () => {
    await reply({ ...STAFF, status: "Closed" });
    await reply();
    expect(await stored()).toMatchObject({ status: "Customer-Reply", replyIds: { length: 2 } });
  });

  it("gets custom fields that exist for its department", async () => {
    const { decisions } = await reply({ customfields: { 1: "web", 2: "of another department" } });
    expect(await deps.tickets.findHead(ticket.id)).toMatchObject({ customfields: [{ id: 1, name: "How did you find us?", value: "web" }] });
    expect(decisions).toMatchObject([{ rule: "customfield", answer: "2 left out" }]);
  });

  it("is refused fields that would leave no room on the ticket", async () => {
    const outcome = await run(replying({ customfields: { 1: "x".repeat(LIMITS.customFieldsBytes) } }));
    expect(outcome).toMatchObject({ kind: "rejected", result: { errors: [{ code: "customfields_too_long", field: "customfields" }] } });
  });
});

describe("mails", () => {
  it("a client's reply goes to the department's staff", async () => {
    expect(mailsOf(await reply())).toEqual(["staff-reply-added agent@example.test"]);
  });

  it("an admin's goes to the opener", async () => {
    expect(mailsOf(await reply(STAFF))).toEqual(["reply-to-opener ada@client.example.test"]);
  });

  it("noemail spares the opener, and says so", async () => {
    const added = await reply({ ...STAFF, noemail: true });
    expect([mailsOf(added), added.decisions]).toEqual([[], [{ rule: "mail to opener", answer: "none", because: "noemail was given" }]]);
  });

  it("nobody is mailed for an own action", async () => {
    expect(mailsOf(await reply({ clientid: undefined, name: "Alan", email: "AGENT@example.test" }))).toEqual([]);
  });

  it("the change of the ticket and the requester's answer are owed as well", async () => {
    const { outbox, dueAt } = await reply({}, { replyTo: { queue: "q" }, correlationId: "c" });
    expect(outbox).toMatchObject([{ kind: "ticket" }, { kind: "reply", queue: "q", correlationId: "c" }, { kind: "mail" }]);
    expect(dueAt).toEqual(new Date(NOW.getTime() + 1000));
  });
});

describe("errors", () => {
  const errorsOf = async (params: AddTicketReplyCommand["ticket"]) => {
    const { result } = await run(replying(params));
    return result.result === "error" ? result.errors.map(({ message }) => message) : [];
  };

  it.each<[string, AddTicketReplyCommand["ticket"]]>([
    ["Ticket ID not found", { ticketid: 999 }],
    ["Ticket ID not found", { ticketid: undefined }],
    ["Ticket ID not found", { ticketid: -1 }],
    ["Client ID Not Found", { clientid: 999 }],
    ["Contact ID Not Found", { contactid: 2 }],
    ["Name and email address are required if not a client", { clientid: undefined, name: "Ada" }],
    ["Message is required", { message: " " }],
    ["Message is required", { message: "\0" }],
    ["The message has 8388609 bytes of UTF-8; at most 8388608 are taken", { message: `${"é".repeat(4 * 1024 * 1024)}!` }],
    ["Email Address Invalid", { clientid: undefined, name: "Ada", email: "nobody" }],
    ["Invalid Ticket Status", { status: "Lost" }],
    ["Invalid Date Format", { created: "tomorrow" }],
    ["Reply creation date cannot be in the future", { created: "2999-01-01" }],
  ])("%s: %j", async (message, params) => {
    expect(await errorsOf(params)).toEqual([message]);
  });

  it("come in the order of the reference, all of them", async () => {
    expect(await errorsOf({ ticketid: 999, clientid: undefined, name: "Ada", email: "nobody", message: "", status: "Lost", created: "2999-01-01" })).toEqual([
      "Ticket ID not found",
      "Message is required",
      "Email Address Invalid",
      "Invalid Ticket Status",
      "Reply creation date cannot be in the future",
    ]);
  });

  it("leave nothing on the ticket", async () => {
    await run(replying({ message: "" }));
    expect(await stored()).toEqual(ticket);
  });
});

describe("run again", () => {
  it("a reply is one, and its answer the same", async () => {
    const command = replying({ status: "Closed" });
    const [first, second] = [await run(command), await run(command)];
    expect([first.kind, second.kind]).toEqual(["added", "duplicate"]);
    expect(second.result).toEqual(first.result);
    expect(await stored()).toMatchObject({ replyIds: { length: 1 } });
  });

  it("a later request with the same key is marked as a replay", async () => {
    const key = { idempotencyKey: "k" };
    await run(replying({}, key));
    const again = await run(replying({}, { ...key, receivedAt: "2026-03-04T06:00:00.000Z" }));
    expect(again).toMatchObject({ kind: "duplicate", result: { result: "success", replayed: true } });
  });

  it("the same key for another reply, or for a ticket, is a conflict; and the other way round", async () => {
    const key = { idempotencyKey: "k" };
    await run(replying({}, key));
    expect((await run(replying({ message: "other" }, key))).kind).toBe("conflict");
    const opened = opening({ deptid: 1, clientid: 1, subject: "s", message: "m" }, key);
    expect((await openTicket(opened, ALONE, deps)).kind).toBe("conflict");
    const other = { idempotencyKey: "o" };
    expect((await openTicket({ ...opened, ...other }, ALONE, deps)).kind).toBe("opened");
    expect((await run(replying({}, other))).kind).toBe("conflict");
  });

  it("a rejection is given again, though its cause is gone", async () => {
    const command = replying({ clientid: 3 });
    const first = await run(command);
    deps.directory = makeMemoryDirectory({
      ...EXAMPLE_DATA,
      clients: [...EXAMPLE_DATA.clients, { id: 3, firstname: "New", lastname: "Client", email: "new@client.example.test" }],
    });
    const second = await run(command);
    expect([first.kind, second.kind, second.result]).toEqual(["rejected", "duplicate", first.result]);
  });

  it("a reply stands, though its client is gone", async () => {
    const command = replying();
    const first = await run(command);
    deps.directory = makeMemoryDirectory({ ...EXAMPLE_DATA, clients: [] });
    expect(await run(command)).toMatchObject({ kind: "duplicate", result: first.result });
  });
});

describe("files", () => {
  it("are stored, and named with size and content", async () => {
    const { attachments } = await reply({ attachments: [{ name: "a.txt", data: Buffer.from("hello").toString("base64") }] });
    expect(attachments).toMatchObject([{ name: "a.txt", size: 5, sha256: expect.stringMatching(/^2cf24dba/), contentType: "text/plain" }]);
  });

  it("that are refused stop the reply", async () => {
    const large = { name: "a.txt", data: Buffer.alloc(1001).toString("base64") };
    expect(await run(replying({ attachments: [large] }))).toMatchObject({ kind: "rejected", result: { errors: [{ code: "attachments_refused" }] } });
  });
});

it("a reply that is found when its request is refused now is not said to have changed its ticket: that is still owed", async () => {
  const command = replying({}, { idempotencyKey: "once" });
  const delivered: string[] = [];
  const replies = {
    opened: async () => undefined,
    delivered: (found: ReplyRecord, isSuch: (entry: OutboxEntry) => boolean) => void delivered.push(...found.outbox.filter(isSuch).map(({ key }) => key)),
  };
  await decideReply(command, ALONE, { pipeline: deps, replies });
  expect(delivered).toEqual(["ticket"]);
  const nobody = makeMemoryDirectory({ ...EXAMPLE_DATA, clients: [] });
  expect(await decideReply(command, ALONE, { pipeline: { ...deps, directory: nobody }, replies })).toMatchObject({ kind: "duplicate" });
  expect(delivered).toEqual(["ticket"]);
});
