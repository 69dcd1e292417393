import type { AddTicketReplyCommand, EventType, OpenTicketCommand } from "@openticket/contract";
import { EXAMPLE_DATA, makeMemoryBlobStore, makeMemoryDirectory, makeMemoryRecords, makeMemoryReplyStore, makeMemoryTicketStore } from "@openticket/store";
import { describe, expect, it } from "vitest";
import { addTicketReply } from "../../src/pipeline/add-ticket-reply.ts";
import { makeNumbers } from "../../src/pipeline/numbers.ts";
import { openTicket } from "../../src/pipeline/open-ticket.ts";
import type { PipelineDeps } from "../../src/pipeline/ports.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const ALONE = { mayHaveTwin: () => false };

/** A pipeline over memory whose endpoints want these types. */
function pipelineFor(wanted: readonly EventType[] | undefined): PipelineDeps {
  const records = makeMemoryRecords();
  const attachments = { count: 1, bytes: 1, totalBytes: 1, extensions: "any" as const };
  return {
    directory: makeMemoryDirectory(EXAMPLE_DATA),
    tickets: makeMemoryTicketStore({ numbers: makeNumbers({ mask: "%n%n%n%n%n%n", timeZone: "UTC" }), records }),
    replies: makeMemoryReplyStore(records),
    blobs: makeMemoryBlobStore(),
    rules: { timeZone: "UTC", defaultPriority: "Medium", rejectionRetentionMs: 60_000, attachments, statuses: ["Open", "Answered"], outboxGraceMs: 60_000 },
    wantsEvent: wanted && ((type) => wanted.includes(type)),
    now: () => NOW,
  };
}

const request = (requestId: string, ticket: object = {}): OpenTicketCommand => ({
  v: 1,
  requestId,
  source: { channel: "test" },
  receivedAt: NOW.toISOString(),
  ticket: { deptid: 1, clientid: 1, subject: "s", message: "m", noemail: true, ...ticket },
});
const reply = (requestId: string, ticketid: number): AddTicketReplyCommand => ({
  ...request(requestId),
  action: "AddTicketReply",
  ticket: { ticketid, adminusername: "admin", message: "m", noemail: true },
});
const eventsIn = (outbox: { event?: unknown }[] | undefined) => outbox?.flatMap(({ event }) => event ?? []);

async function ticketOf(deps: PipelineDeps, requestId = "r1") {
  const outcome = await openTicket(request(requestId), ALONE, deps);
  if (outcome.kind !== "opened") throw new Error(outcome.kind);
  return outcome.ticket;
}

describe("what a ticket, a reply and a rejection owe", () => {
  it.each([[undefined], [[]]])("is no event when %j is wanted, and not one field more", async (wanted) => {
    const deps = pipelineFor(wanted);
    const ticket = await ticketOf(deps);
    const added = await addTicketReply(reply("r2", ticket.id), ALONE, deps);
    const rejected = await openTicket(request("r3", { deptid: 999 }), ALONE, deps);
    expect(eventsIn(ticket.outbox)).toEqual([]);
    expect(added.kind === "added" && [eventsIn(added.reply.outbox), "tellsOfStatus" in added.reply]).toEqual([[], false]);
    expect(rejected.kind === "rejected" && Object.keys(rejected.rejection)).not.toContain("outbox");
    expect(rejected.kind === "rejected" && Object.keys(rejected.rejection)).not.toContain("dueAt");
  });

  it("is the event that is wanted, under a name that a second run makes again", async () => {
    const wanted: EventType[] = ["ticket.opened", "ticket.reply.added", "ticket.status.changed", "request.rejected"];
    const [one, two] = [pipelineFor(wanted), pipelineFor(wanted)];
    const [ticket, again] = [await ticketOf(one), await ticketOf(two)];
    expect(eventsIn(ticket.outbox)).toEqual([{ type: "ticket.opened", id: expect.stringMatching(/^evt_[0-9a-f]{32}$/), at: NOW }]);
    expect(eventsIn(again.outbox)).toEqual(eventsIn(ticket.outbox));
    expect(eventsIn((await ticketOf(one, "other")).outbox)).not.toEqual(eventsIn(ticket.outbox));
    const added = await addTicketReply(reply("r2", ticket.id), ALONE, one);
    expect(added).toMatchObject({ kind: "added", reply: { tellsOfStatus: true } });
    expect(added.kind === "added" && eventsIn(added.reply.outbox)).toEqual([{ type: "ticket.reply.added", id: expect.any(String), at: NOW }]);
    const stored = await one.tickets.findByIdentity("r1");
    expect(eventsIn(stored?.outbox)?.at(-1)).toMatchObject({ type: "ticket.status.changed", from: "Open", status: "Answered" });
  });

  it("names the department of a rejected request where it is a number", async () => {
    const deps = pipelineFor(["request.rejected"]);
    const rejected = await openTicket(request("r1", { deptid: 999 }), ALONE, deps);
    const nameless = await openTicket(request("r2", { deptid: "sales" }), ALONE, deps);
    const missing = await openTicket(request("r3", { deptid: undefined }), ALONE, deps);
    const deptids = [rejected, nameless, missing].map((outcome) => outcome.kind === "rejected" && outcome.rejection.outbox?.[0]?.event?.deptid);
    expect(deptids).toEqual([999, undefined, undefined]);
  });
});
