import { LIMITS, openTicketCommand, requestIdOfKey } from "@openticket/contract";
import { describe, expect, it } from "vitest";
import { commandOf } from "../src/ticket-command.ts";

const at = { now: () => new Date("2030-01-01T00:00:00Z") };

describe("the command of a ticket's parameters", () => {
  it("is named at random without a key, and by scope and key with one", () => {
    const [first, second] = [commandOf({}, {}, at), commandOf({}, {}, at)];
    expect(first.requestId).toMatch(/^req_[0-9a-f]{32}$/);
    expect(first.requestId).not.toBe(second.requestId);
    expect(commandOf({}, { idempotencyKey: "k" }, at).requestId).toBe(requestIdOfKey("sdk", "k"));
    expect(commandOf({}, { idempotencyKey: "k" }, { ...at, source: "shop" }).requestId).toBe(requestIdOfKey("shop", "k"));
  });

  it("holds real types, and what could not be read as problems", () => {
    const command = commandOf({ deptid: "2", admin: true, subject: "Hi", attachments: "%%" }, {}, at);
    expect(command.ticket).toEqual({ deptid: 2, admin: true, subject: "Hi" });
    expect(command.problems).toMatchObject([{ field: "attachments" }]);
    expect(openTicketCommand.parse(command)).toEqual(command);
  });

  it("refuses content that is too large for the queue, naming the way that is not", () => {
    const limit = LIMITS.inlineAttachmentBytes;
    const file = (bytes: number) => ({ attachments: [{ name: "a.bin", data: new Uint8Array(bytes) }] });
    expect(commandOf(file(limit), {}, at).ticket.attachments).toHaveLength(1);
    expect(() => commandOf(file(limit + 1), {}, at)).toThrow(/REST API: POST .* \/v1\/tickets/);
  });

  it("refuses values that JSON has none for, before anything is sent", () => {
    expect(() => commandOf({ customfields: { 1: 10n } }, {}, at)).toThrow(/cannot be written as JSON: .*BigInt; expected texts, numbers/);
    expect(commandOf({ deptid: 1, customfields: { 1: 10 } }, {}, at).ticket.customfields).toEqual({ 1: 10 });
  });

  it("refuses keys that cannot travel", () => {
    expect(() => commandOf({}, { idempotencyKey: "" }, at)).toThrow(/idempotencyKey/);
    expect(() => commandOf({}, { correlationId: "x".repeat(LIMITS.idLength + 1) }, at)).toThrow(/correlationId/);
  });
});
