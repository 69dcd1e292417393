import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postTicket, rest } from "../../../test/support/rest.ts";
import { type Stack, startStack } from "../../../test/support/stack.ts";
import { until } from "../../../test/support/until.ts";
import { operatorOf } from "./support/opentickets.ts";

const TICKET = { deptid: 1, name: "Ada", email: "ada@guest.example", subject: "Given up", message: "m" };
const ERROR = "The relay refused the mail: 550 gone\u001b[2J";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const { opentickets, asJson } = operatorOf(() => stack.prefix);

interface Entry {
  key: string;
  attempts: number;
  deliveredAt?: Date;
  deadAt?: Date;
  lastError?: string;
}
type Owing = { _id: string; id?: number; tid?: string; requestId: string; dueAt?: Date; outbox: Entry[] };
const records = (collection: string) => stack.store.db.collection<Owing>(collection);

/** The record that this request became, when all it owes is delivered. */
const delivered = (collection: string, requestId: unknown) =>
  until("all it owes to be delivered", async () => {
    const found = await records(collection).findOne({ requestId: String(requestId), dueAt: { $exists: false } });
    return found?.outbox.some(({ deliveredAt }) => !deliveredAt) ? undefined : (found ?? undefined);
  });

/** A ticket whose mail to its opener was given up, and one whose mail was not. */
async function givenUpTicket(at = new Date()): Promise<Owing> {
  const { body } = await postTicket(stack, TICKET);
  const ticket = await delivered("tickets", body.requestId);
  await giveUp("tickets", ticket._id, "mail:opener", at);
  return ticket;
}

async function giveUp(collection: string, _id: string, key: string, at = new Date()): Promise<void> {
  const change = { $set: { "outbox.$.deadAt": at, "outbox.$.lastError": ERROR, "outbox.$.attempts": 16 }, $unset: { "outbox.$.deliveredAt": 1 } };
  await records(collection).updateOne({ _id, "outbox.key": key }, change as never);
}

describe("given-up deliveries", () => {
  it("are listed with what they are, for whom, and why; status and audit lead there, and the audit agrees", async () => {
    const ticket = await givenUpTicket();
    const { out } = await opentickets("delivery", "list");
    expect(out).toMatch(
      new RegExp(`^${ticket.tid}/mail:opener +${ticket.tid} +mail +ticket-opened +ada@guest.example +16 +\\d s ago +The relay refused the mail: 550 gone`, "m"),
    );
    expect(out).not.toContain("\u001b");
    expect(await asJson("delivery", "list", "--limit", "1")).toMatchObject([
      { name: `${ticket.tid}/mail:opener`, of: "ticket", requestId: ticket.requestId, kind: "mail", attempts: 16, lastError: ERROR },
    ]);
    expect((await opentickets("status")).out).toMatch(/with given-up deliveries +1 +opentickets delivery list/);
    const audit = await opentickets("audit");
    expect(audit).toMatchObject({ code: 0, out: expect.stringContaining("Deliveries of 1 were given up: opentickets delivery list") });
    expect(await asJson("audit")).toMatchObject({ agrees: true, givenUp: 1 });
    await opentickets("delivery", "replay", "--all");
  });

  it("are chosen by kind and by time", async () => {
    const old = await givenUpTicket(new Date("2026-01-01T00:00:00Z"));
    const recent = await givenUpTicket();
    const listed = async (...args: string[]) => (await asJson("delivery", "list", ...args)).map(({ requestId }: Owing) => requestId);
    expect(await listed("--since", "1h")).toEqual([recent.requestId]);
    expect(await listed("--since", "2026-01-01T00:00Z", "--kind", "mail")).toEqual([recent.requestId, old.requestId]);
    expect(await listed("--kind", "event")).toEqual([]);
    expect((await opentickets("delivery", "list", "--limit", "1")).err).toContain("There are more than these 1");
    expect(await asJson("delivery", "replay", "--all", "--since", "1h")).toEqual({ replayed: 1, withoutAny: [], unknown: [] });
    expect(await listed()).toEqual([old.requestId]);
    await opentickets("delivery", "replay", "--all");
  });

  it("are delivered by the running worker once they are replayed, of a ticket and of its replies, and once only", async () => {
    const ticket = await givenUpTicket();
    const added = await rest(stack, "POST", `/v1/tickets/${ticket.id}/replies`, {
      body: JSON.stringify({ message: "more", adminusername: "admin" }),
      headers: { "content-type": "application/json" },
    });
    const reply = await delivered("replies", added.body.requestId);
    await giveUp("replies", reply._id, "mail:opener");
    expect((await opentickets("delivery", "replay", String(ticket.tid))).out).toContain("2 owed again");
    await delivered("tickets", ticket.requestId);
    const { outbox } = await delivered("replies", reply.requestId);
    expect(outbox.find(({ key }) => key === "mail:opener")).toMatchObject({ attempts: 0, deliveredAt: expect.any(Date) });
    expect(outbox.find(({ key }) => key === "mail:opener")).not.toHaveProperty("lastError");
    expect((await opentickets("request", "show", ticket.requestId)).out).toMatch(/owed again mail:opener +by opentickets delivery replay/);
    expect(await opentickets("delivery", "replay", String(ticket.tid))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/0 owed again[\s\S]*nothing of it/),
    });
    expect((await opentickets("delivery", "list")).out).toContain("Nothing was given up.");
  });

  it("may wait for another delivery that is in hand, and replay says how long", async () => {
    expect((await opentickets("delivery", "replay", "--help")).out).toMatch(/in\s+hand\s+within\s+75\s+minutes/);
  });

  it("are replayed one by one, and what is not there is named; exit code 1", async () => {
    const ticket = await givenUpTicket();
    const said = await opentickets("delivery", "replay", `${ticket.tid}/mail:opener`, "req_nobody", `${ticket.tid}/mail:nobody`);
    expect(said).toMatchObject({ code: 1, out: expect.stringContaining("1 owed again") });
    expect(said.out).toMatch(/^req_nobody: not found/m);
    expect(said.out).toContain(`${ticket.tid}/mail:nobody: not found`);
    await delivered("tickets", ticket.requestId);
  });

  it.each([
    [["replay"], "choose --all"],
    [["replay", "x", "--all"], "not both"],
    [["replay", "--all", "--since", "yesterday"], "--since takes a time"],
    [["list", "--kind", "letter"], "mail"],
  ])("%j is wrong usage", async (args, words) => {
    expect(await opentickets("delivery", ...args)).toMatchObject({ code: 2, err: expect.stringContaining(words) });
  });
});
