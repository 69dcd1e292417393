import { describe, expect, it } from "vitest";
import { ticketOfEvent } from "../../src/mapping/ticket-of-event.ts";

const defaults = { deptid: 2, name: "Shop", email: "shop@example.test", priority: "High" } as const;
const ticketOf = (params: Record<string, unknown>, given: Parameters<typeof ticketOfEvent>[1] = defaults) => ticketOfEvent(params, given).ticket;

describe("the ticket of an event", () => {
  it("is what the mapping yields, over the defaults of its source", () => {
    expect(ticketOf({ subject: "s", message: "m", deptid: 1 })).toEqual({ ...defaults, deptid: 1, subject: "s", message: "m", noemail: true });
  });

  it("has somebody's own address with their own name, else with the address as name", () => {
    expect(ticketOf({ email: "ada@client.example", name: "Ada" })).toMatchObject({ name: "Ada", email: "ada@client.example" });
    expect(ticketOf({ email: "ada@client.example" })).toMatchObject({ name: "ada@client.example", email: "ada@client.example" });
    expect(ticketOf({ clientid: 7 })).not.toHaveProperty("email");
  });

  it("has the address of the defaults for a name without one", () => {
    expect(ticketOf({ name: "ada" })).toMatchObject({ name: "ada", email: "shop@example.test" });
  });

  it("writes to its opener only when it is told to", () => {
    expect(ticketOf({}, {})).toEqual({ noemail: true });
    expect(ticketOf({}, { noemail: false })).toEqual({ noemail: false });
    expect(ticketOf({ noemail: false }, {})).toEqual({ noemail: false });
  });

  it("has the files that came with the event, and none that are stored already", () => {
    const file = { name: "a.txt", data: "aGVsbG8=" };
    expect(ticketOfEvent({ attachments: [file] })).toMatchObject({ ticket: { attachments: [file] }, problems: [] });
    const stored = { name: "b.txt", contentType: "text/plain", size: 5, sha256: "0".repeat(64) };
    const { ticket, problems } = ticketOfEvent({ attachments: [file, stored] });
    expect(ticket.attachments).toBeUndefined();
    expect(problems).toMatchObject([{ field: "attachments", message: expect.stringContaining("cannot refer to files that are stored") }]);
  });

  it("may come in any encoding of the call, and what cannot be read is said", () => {
    expect(ticketOf({ deptid: "3", markdown: "true" }, {})).toMatchObject({ deptid: 3, markdown: true });
    expect(ticketOfEvent({ subject: ["s"] }).problems).toMatchObject([{ field: "subject" }]);
  });
});
