import { describe, expect, it } from "vitest";
import {
  actionOf,
  command as anyCommand,
  fingerprintOf,
  identityOf,
  inOrderOfPrecedence,
  type OpenTicketCommand,
  readCommand,
  readReplyCommand,
  readRequester,
  referenceError,
  requestIdOfJob,
  requestIdOfKey,
} from "../src/index.ts";

const DEFAULTS = { requestId: "req_default", receivedAt: "2026-01-01T00:00:00.000Z", channel: "queue" };
const read = (data: unknown) => readCommand(data, DEFAULTS);

function command(overrides: Partial<OpenTicketCommand> = {}): OpenTicketCommand {
  return { v: 1, requestId: "req_a", source: { channel: "api" }, receivedAt: DEFAULTS.receivedAt, ticket: { deptid: 1 }, ...overrides };
}

describe("readCommand", () => {
  it("completes what a foreign producer left out", () => {
    expect(read({ ticket: { deptid: "1", subject: "s" } })).toEqual({
      kind: "command",
      command: { v: 1, requestId: "req_default", receivedAt: DEFAULTS.receivedAt, source: { channel: "queue" }, ticket: { deptid: 1, subject: "s" } },
    });
  });

  it("reads version 0, the bare parameters of the call", () => {
    expect(read({ deptid: 1, subject: "s" })).toMatchObject({ kind: "command", command: { ticket: { deptid: 1, subject: "s" } } });
  });

  it("reads a newer version as far as it keeps this one's fields", () => {
    const newer = { ...command({ ticket: { deptid: 1 } }), v: 2, sparkle: true, source: { channel: "api", shard: 3 } };
    expect(read(newer)).toMatchObject({ kind: "command", command: { v: 1, requestId: "req_a", source: { channel: "api", shard: 3 } } });
  });

  it("keeps of a source what any store can hold, whatever else is in it", () => {
    const known = { channel: "q", credential: "acme" };
    const odd = { $where: 1, "a.b": 1, "nul\0": 1, _bsontype: "Long", nested: { a: 1 }, list: [1], nothing: null, long: "x".repeat(1001), ["n".repeat(65)]: 1 };
    expect(read({ source: { ...odd, ...known, shard: 3, isLate: true }, ticket: {} })).toEqual(
      read({ source: { ...known, shard: 3, isLate: true }, ticket: {} }),
    );
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`field${n}`, n]));
    const found = read({ source: { ...odd, ...many, ...known }, ticket: {} });
    expect(found.kind === "command" && Object.keys(found.command.source)).toEqual([
      "channel",
      "credential",
      ...Array.from({ length: 20 }, (_, n) => `field${n}`),
    ]);
    expect(readRequester({ source: { ...odd, ...known } }, DEFAULTS).source).toEqual(known);
  });

  it("hands on what the door and the decoder could not read", () => {
    const problems = [{ code: "x", message: "door" }];
    expect(read({ problems, ticket: { subject: ["x"] } })).toMatchObject({ command: { problems: [problems[0], { code: "subject_invalid" }] } });
  });

  it.each([
    undefined,
    null,
    5,
    "x",
    [],
    { ticket: "x" },
    { ticket: [] },
    { v: 1 },
    { ticket: {}, replyTo: { queue: "a:b" } },
    { ticket: {}, replyTo: { queue: "\ud800" } },
  ])("%j is unreadable, never a crash", (data) => {
    expect(read(data).kind).toBe("unreadable");
  });

  it.each(["requestId", "idempotencyKey", "correlationId"])("of a %s that no store keeps as it is, is none: two would become one", (field) => {
    const broken = { requestId: "r1", ticket: {}, [field]: "half \ud800" };
    expect(read(broken)).toMatchObject({ kind: "unreadable", reason: expect.stringMatching(`well-formed.*\n.*${field}`) });
    expect(read({ ...broken, [field]: "whole \ud83d\ude00" }).kind).toBe("command");
  });

  it("saves the requester's address from a command that is otherwise unreadable", () => {
    const broken = { v: 1, requestId: "r1", correlationId: "c1", replyTo: { queue: "q" }, ticket: "x" };
    expect(read(broken)).toMatchObject({ kind: "unreadable", reply: { requestId: "r1", correlationId: "c1", queue: "q" } });
  });
});

describe("readReplyCommand", () => {
  const readReply = (data: unknown) => readReplyCommand(data, DEFAULTS);

  it("reads the reply's own parameters, in whatever encoding, and no others", () => {
    const ticket = { ticketid: "07", message: "m", deptid: 1, adminusername: "0", status: " Closed ", useMarkdown: "true", noemail: "False" };
    expect(readReply({ ticket })).toEqual({
      kind: "command",
      command: {
        v: 1,
        requestId: "req_default",
        receivedAt: DEFAULTS.receivedAt,
        source: { channel: "queue" },
        action: "AddTicketReply",
        ticket: { ticketid: 7, message: "m", status: "Closed", markdown: true },
      },
    });
  });

  it("reads version 0, the bare parameters of the call", () => {
    expect(readReply({ ticketid: 7, message: "m" })).toMatchObject({ command: { action: "AddTicketReply", ticket: { ticketid: 7 } } });
  });

  it("is another request than a ticket with the same words", () => {
    const data = { ticket: { message: "m" }, requestId: "r" };
    const [ticket, reply] = [read(data), readReply(data)];
    if (ticket.kind === "unreadable" || reply.kind === "unreadable") throw new Error("unreadable");
    expect(fingerprintOf(ticket.command)).not.toBe(fingerprintOf(reply.command));
    expect(fingerprintOf({ ...ticket.command, action: "OpenTicket" })).toBe(fingerprintOf(ticket.command));
  });

  it("what is kept of it is known again as a reply, and a ticket's as a ticket", () => {
    const [ticket, reply] = [read({ ticket: { deptid: 1 } }), readReply({ ticket: { ticketid: 7 } })];
    const kept = (of: unknown) => anyCommand.parse(JSON.parse(JSON.stringify(of)));
    expect(reply.kind === "command" && actionOf(kept(reply.command))).toBe("AddTicketReply");
    expect(ticket.kind === "command" && actionOf(kept(ticket.command))).toBe("OpenTicket");
  });
});

describe("readRequester", () => {
  it("saves what it can from anything", () => {
    expect(readRequester({ requestId: 5, hasReceipt: true, source: { channel: "rest" }, replyTo: { queue: "a:b" } }, DEFAULTS)).toEqual({
      requestId: "req_default",
      hasReceipt: true,
      source: { channel: "rest" },
    });
    for (const data of [undefined, null, 5, []]) expect(readRequester(data, DEFAULTS)).toEqual({ requestId: "req_default" });
  });
});

describe("identity", () => {
  it("a request without a key is named by its requestId", () => {
    expect(identityOf(command())).toBe("req_a");
  });

  it("the same key in the same scope is the same request, whatever its requestId", () => {
    const source = { channel: "rest", credential: "acme" };
    const first = identityOf(command({ idempotencyKey: "k", source, requestId: "req_1" }));
    expect(identityOf(command({ idempotencyKey: "k", source: { ...source, channel: "api" }, requestId: "req_2" }))).toBe(first);
    expect(first).toBe(requestIdOfKey("acme", "k"));
    expect(identityOf(command({ idempotencyKey: "k", source: { channel: "rest", credential: "other" } }))).not.toBe(first);
  });

  it("two jobs of the same id at different times are two requests, because ids start again when Redis was emptied", () => {
    expect(requestIdOfJob("q", "1", 1000)).toBe(requestIdOfJob("q", "1", 1000));
    expect(requestIdOfJob("q", "1", 1000)).not.toBe(requestIdOfJob("q", "1", 2000));
  });

  it("names are valid BullMQ job ids", () => {
    expect(requestIdOfKey("a:b", "c")).toMatch(/^req_[0-9a-f]{32}$/);
  });
});

describe("fingerprint", () => {
  it("does not depend on the order of fields or on who delivers", () => {
    const a = command({ ticket: { deptid: 1, subject: "s" }, requestId: "req_1" });
    const b = command({ ticket: { subject: "s", deptid: 1 }, requestId: "req_2", receivedAt: "2026-02-02T00:00:00Z" });
    expect(fingerprintOf(a)).toBe(fingerprintOf(b));
  });

  it("differs with the content", () => {
    expect(fingerprintOf(command({ ticket: { subject: "a" } }))).not.toBe(fingerprintOf(command({ ticket: { subject: "b" } })));
  });
});

it("the reference's errors win over ours, in their order", () => {
  const own = { code: "attachments_invalid", message: "x" };
  const errors = [own, referenceError("message_required"), referenceError("client_not_found"), referenceError("department_not_found")];
  expect(inOrderOfPrecedence(errors).map(({ code }) => code)).toEqual(["client_not_found", "department_not_found", "message_required", "attachments_invalid"]);
});
