import { makeOpenTicketClient, type OpenTicketClient } from "@openticket/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callJson, httpBuildQuery } from "../support/api-php.ts";
import { findPython, runExample } from "../support/python.ts";
import { postTicket, rest } from "../support/rest.ts";
import { type Stack, startStack } from "../support/stack.ts";

/** One ticket with every parameter that fits together, through every door: the stored documents differ in nothing but their source. */
const FILE = { name: "note.txt", data: Buffer.from("the content of a file").toString("base64") };
const TICKET = {
  deptid: 1,
  subject: "The same, whatever the door",
  message: "It **works** – ünïcode & all",
  clientid: 1,
  contactid: 1,
  priority: "High",
  created: "2026-03-01T10:00:00+01:00",
  serviceid: 1,
  markdown: true,
  noemail: true,
  customfields: { 1: "Google" },
  preventClientClosure: true,
};
const PHP_FIELDS = Buffer.from('a:1:{s:1:"1";s:6:"Google";}').toString("base64");

const python = await findPython();
let stack: Stack;
let client: OpenTicketClient;
beforeAll(async () => {
  stack = await startStack();
  client = makeOpenTicketClient({ redisUrl: stack.redisUrl, prefix: stack.prefix, source: "sdk" });
});
afterAll(async () => {
  await client.close();
  await stack.stop();
});

/** A stored ticket without what belongs to the one request: its names, numbers, times and source. */
async function comparable(id: number | undefined): Promise<object> {
  const stored = await stack.store.db.collection("tickets").findOne({ id });
  if (!stored) throw new Error(`there is no ticket ${id}`);
  const { _id, alias, requestId, id: _number, tid, c, receivedAt, openedAt, dueAt, leasedBy, source, outbox, fingerprint, ...rest } = stored;
  return { ...rest, mails: outbox.filter(({ kind }: { kind: string }) => kind === "mail").map(({ key }: { key: string }) => key) };
}

function form(): FormData {
  const { customfields, ...plain } = TICKET;
  const data = new FormData();
  for (const [name, value] of Object.entries(plain)) data.append(name, String(value));
  data.append("customfields", PHP_FIELDS);
  data.append("attachments[]", new Blob([Buffer.from(FILE.data, "base64")], { type: "text/plain" }), FILE.name);
  return data;
}

const DOORS: [string, () => Promise<number | undefined>][] = [
  [
    "the classic call, as PHP builds its body",
    async () => {
      const { customfields, ...plain } = TICKET;
      const attachments = Buffer.from(JSON.stringify([FILE])).toString("base64");
      return (await callJson(stack, { ...plain, customfields: PHP_FIELDS, attachments })).id;
    },
  ],
  [
    "the classic call with a form and a file",
    async () => {
      const body = form();
      for (const [name, value] of Object.entries({ action: "OpenTicket", responsetype: "json", ...stack.credentials })) body.append(name, value);
      return (await rest(stack, "POST", "/includes/api.php", { body })).body.id;
    },
  ],
  ["REST with JSON", async () => (await postTicket(stack, { ...TICKET, attachments: [FILE] })).body.id],
  ["REST with a form and a file", async () => (await rest(stack, "POST", "/v1/tickets", { body: form() })).body.id],
  ["the Node client", async () => idOf(await client.openTicket({ ...TICKET, attachments: [FILE] }, { adminUsername: "admin" }))],
  ["the Node client's localAPI", async () => idOf(await client.localAPI("OpenTicket", { ...TICKET, attachments: [FILE] }, "admin"))],
];

function idOf(result: { result: string; id?: unknown }): number | undefined {
  return typeof result.id === "number" ? result.id : undefined;
}

describe("one ticket", () => {
  it.each(DOORS)("through %s", async (_door, open) => {
    const [, reference] = DOORS[0] ?? [];
    const [expected, actual] = [await comparable(await reference?.()), await comparable(await open())];
    expect(actual).toEqual(expected);
    expect(actual).toMatchObject({
      subject: TICKET.subject,
      attachments: [{ name: "note.txt", size: 21 }],
      customfields: [{ id: 1, value: "Google" }],
      service: "S1",
    });
  });

  it.skipIf(python === undefined)("through Python", async () => {
    const ticket = { ...TICKET, attachments: [FILE] };
    const { stdout } = await runExample(python ?? "", [JSON.stringify(ticket), "--redis-url", stack.redisUrl, "--prefix", stack.prefix]);
    const expected = await comparable(await DOORS[0]?.[1]());
    const actual = await comparable(JSON.parse(stdout).id);
    // Nobody has told who acts: the example has no admin behind it.
    expect({ ...actual, opener: {} }).toEqual({ ...expected, opener: {} });
  });

  it("whose parameters come in the query", async () => {
    const { status } = await callJson(stack, {}, { path: `/includes/api.php?${httpBuildQuery({ ...TICKET, customfields: PHP_FIELDS })}` });
    expect(status).toBe(200);
  });
});
