import { describe, expect, it } from "vitest";
import {
  fingerprintOf,
  identityOf,
  inOrderOfPrecedence,
  type OpenTicketCommand,
  readCommand,
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

  it("hands on what the door and the decoder could not read", () => {
    const problems = [{ code: "x", message: "door" }];
    expect(read({ problems, ticket: { subject: ["x"] } })).toMatchObject({ command: { problems: [problems[0], { code: "subject_invalid" }] } });
  });

  it.each([undefined, null, 5, "x", [], { ticket: "x" }, { ticket: [] }, { v: 1 }, { ticket: {}, replyTo: { queue: "a:b" } }])(
    "%j is unreadable, never a crash",
    (data) => {
      expect(read(data).kind).toBe("unreadable");
    },
  );

  it("saves the requester's address from a command that is otherwise unreadable", () => {
    const broken = { v: 1, requestId: "r1", correlationId: "c1", replyTo: { queue: "q" }, ticket: "x" };
    expect(read(broken)).toMatchObject({ kind: "unreadable", reply: { requestId: "r1", correlationId: "c1", queue: "q" } });
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
