import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { makeMongoGivenUp } from "@openticket/store";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, expect, it } from "vitest";
import { postTicket } from "../../../../test/support/rest.ts";
import { type Stack, startStack } from "../../../../test/support/stack.ts";
import { until } from "../../../../test/support/until.ts";

/** A relay that refuses whatever it gets for good, until it is mended. */
const refused: ParsedMail[] = [];
const taken: ParsedMail[] = [];
let isMended = false;
const relay = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  disableReverseLookup: true,
  closeTimeout: 100,
  onData(stream, _session, done) {
    simpleParser(stream).then((mail) => {
      (isMended ? taken : refused).push(mail);
      done(isMended ? undefined : Object.assign(new Error("5.7.0 Reject: spam"), { responseCode: 554 }));
    }, done);
  },
});
let stack: Stack;
beforeAll(async () => {
  const server = relay.listen(0, "127.0.0.1");
  if (!server.listening) await once(server, "listening");
  stack = await startStack({ env: { SMTP_URL: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}` } });
});
afterAll(async () => {
  await stack.stop();
  await new Promise<void>((resolve) => relay.close(resolve));
});

const owed = (id: unknown, field: "deadAt" | "deliveredAt") =>
  until(`all its deliveries to have ${field}`, async () => {
    const ticket = await stack.store.db.collection("tickets").findOne({ id, dueAt: { $exists: false } });
    return ticket?.outbox.filter(({ kind }: { kind: string }) => kind === "mail").every((entry: object) => field in entry);
  });

it("mails that were given up are delivered when they are replayed, under the same names, and marked", async () => {
  isMended = false;
  const { body } = await postTicket(stack, { deptid: 1, name: "Ada", email: "ada@guest.example", subject: "Replayed", message: "m" });
  await owed(body.id, "deadAt");
  isMended = true;
  const deliveries = makeMongoGivenUp(stack.store);
  const { found } = await deliveries.named([String(body.id)], { kind: "mail" });
  const owedAgain = await Promise.all([deliveries.oweAgain(found), deliveries.oweAgain(found)]);
  expect(owedAgain.reduce((sum, count) => sum + count)).toBe(found.length);
  await owed(body.id, "deliveredAt");
  const namesOf = (mails: ParsedMail[]) => mails.map(({ messageId }) => messageId).toSorted();
  expect(namesOf(taken)).toEqual(namesOf(refused));
  expect(await deliveries.list({ limit: 10 })).toEqual([]);
});
