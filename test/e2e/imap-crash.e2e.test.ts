import type { InboundRecord } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRandom } from "../chaos/random.ts";
import { type Dovecot, findDovecot, PASSWORD, startDovecot } from "../support/dovecot.ts";
import { EMAIL_DOOR } from "../support/email-process.ts";
import { type Fleet, makeFleet, WORKER } from "../support/fleet.ts";
import type { Running } from "../support/processes.ts";
import { until } from "../support/until.ts";

const packages = await findDovecot();
let dovecot: Dovecot;
let fleet: Fleet;
beforeAll(async () => {
  if (packages) dovecot = await startDovecot(packages);
  fleet = await makeFleet();
});
afterAll(async () => {
  await fleet.stop();
  await dovecot?.stop();
});

const MAILS = 200;
const KILLS = 4;
/** Each from somebody else, so that no budget is spent. */
const mail = (n: number) =>
  `From: Guest <guest${n}@g${n}.example>\r\nTo: support@example.test\r\nSubject: n${n}\r\nMessage-ID: <n${n}@g${n}.example>\r\n\r\n${`Line of ${n}.\r\n`.repeat(1 + (n % 50))}`;

describe.skipIf(!packages)("SIGKILL of the process that reads an IMAP folder, which others stand by for", () => {
  it.each([
    ["move:Done", 1],
    ["leave", 2],
  ])("at random moments, after=%s: every mail becomes one ticket", { timeout: 120_000 }, async (after, seed) => {
    const random = makeRandom(seed);
    const user = `crash${seed}`;
    const inbox = await dovecot.account(user);
    const url = `imap://${user}:${PASSWORD}@127.0.0.1:${dovecot.port}/INBOX?name=${user}&tls=none&mailbox=support@example.test&after=${after}`;
    const env = { IMAP_URLS: url, IMAP_LEASE_MS: "1000", IMAP_SWEEP_MS: "1000", SMTP_PORT: "0" };
    const worker = await fleet.start(WORKER);
    const doors = new Map<number, Running>();
    const addDoor = async () => {
      const door = await fleet.start(EMAIL_DOOR, env);
      doors.set(door.pid, door);
    };
    await Promise.all([addDoor(), addDoor()]);

    const first = (seed - 1) * MAILS;
    const records = fleet.store.db.collection<InboundRecord>("inbound");
    const ofThisRun = { messageId: { $in: Array.from({ length: MAILS }, (_, n) => `<n${first + n}@g${first + n}.example>`) } };
    const holders = fleet.store.db.collection<{ _id: string; holder: string }>("mailfolders");
    for (let kill = 0; kill < KILLS; kill++) {
      const share = MAILS / KILLS;
      const before = await records.countDocuments(ofThisRun);
      await inbox.deliver(...Array.from({ length: share }, (_, n) => mail(first + kill * share + n)));
      const wanted = before + 1 + Math.floor(random.next() * share * 0.8);
      const door = await until("a holder in the middle of its work", async () => {
        const { holder } = (await holders.findOne({ _id: `${user}/INBOX` })) ?? {};
        const held = doors.get(Number(holder?.split("-").at(-2)));
        return (await records.countDocuments(ofThisRun)) >= wanted && held;
      });
      await door.kill("SIGKILL");
      doors.delete(door.pid);
      await addDoor();
    }

    const all = await until(
      "all tickets",
      async () => {
        const found = await records.find({ ...ofThisRun, state: "ticket" }).toArray();
        return found.length >= MAILS && found;
      },
      60_000,
    );
    expect(all).toHaveLength(MAILS);
    expect(new Set(all.map(({ ticket }) => ticket?.id)).size).toBe(MAILS);
    expect(await fleet.store.db.collection("tickets").countDocuments({ subject: { $in: Array.from({ length: MAILS }, (_, n) => `n${first + n}`) } })).toBe(
      MAILS,
    );
    await until("the folder", async () => (await inbox.messages()).length === (after === "leave" ? MAILS : 0));
    expect(await inbox.messages("Done")).toHaveLength(after === "leave" ? 0 : MAILS);
    for (const running of [...doors.values(), worker]) await running.stop();
  });
});
