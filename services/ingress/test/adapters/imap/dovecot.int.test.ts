import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { erasePerson, makeMongoInbound, makeMongoMailFolders } from "@openticket/store";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Dovecot, findDovecot, type Maildir, PASSWORD, startDovecot } from "../../../../../test/support/dovecot.ts";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../../../test/support/email-door.ts";
import { until } from "../../../../../test/support/until.ts";

const packages = await findDovecot();
let dovecot: Dovecot;
let folder: string;
let user: string;
let inbox: Maildir;
const doors: EmailDoorUnderTest[] = [];
let users = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-imap-"));
  if (packages) dovecot = await startDovecot(packages);
});
afterAll(async () => {
  await dovecot?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  user = `user${++users}`;
  if (dovecot) inbox = await dovecot.account(user);
});
afterEach(async () => {
  for (const door of doors.splice(0)) await door.stop();
});

const mail = (name: string, headers = "To: support@example.test") =>
  `From: Ada <ada@example.test>\r\n${headers}\r\nSubject: ${name}\r\nMessage-ID: <${name}@example.test>\r\n\r\nText of ${name}\r\n`;

/** A door that fetches from this test's account, which has these settings beside its place. */
async function fetching(settings: Record<string, unknown> = {}, env: Record<string, string> = {}): Promise<EmailDoorUnderTest> {
  const account = {
    name: "support",
    host: "127.0.0.1",
    port: dovecot.port,
    tls: "none",
    user,
    password: PASSWORD,
    mailbox: "support@example.test",
    ...settings,
  };
  const file = join(folder, `${user}.json`);
  await writeFile(file, JSON.stringify([account]));
  const door = await startEmailDoor({ IMAP_ACCOUNTS_FILE: file, ...env });
  doors.push(door);
  return door;
}

const messageIds = async (door: EmailDoorUnderTest) => (await door.records()).map(({ messageId }) => messageId).toSorted();
const stored = (door: EmailDoorUnderTest, count: number) => until(`${count} messages`, async () => (await door.records()).length === count);

describe.skipIf(!packages)("mail of a Dovecot", () => {
  it("is stored as it was sent, and flagged as seen", async () => {
    await inbox.deliver(mail("one"), mail("two"));
    const door = await fetching();
    await stored(door, 2);
    const [record] = await door.records({ messageId: "<one@example.test>" });
    expect(record).toMatchObject({ mailbox: "support@example.test", state: "stored", source: { door: "imap", envelopeTo: ["support@example.test"] } });
    expect(await door.rawOf(record)).toBe(mail("one"));
    await until("flags", async () => (await inbox.messages()).every(({ flags }) => flags === "S"));
    expect(await inbox.messages()).toHaveLength(2);
  });

  it("comes within the server's word while the sweep is far away", async () => {
    const door = await fetching({}, { IMAP_SWEEP_MS: "3600000" });
    for (const name of ["one", "two", "three"]) {
      await inbox.deliver(mail(name));
      await until(name, async () => (await messageIds(door)).includes(`<${name}@example.test>`));
    }
  });

  it("is moved to a folder that does not exist yet", async () => {
    await inbox.deliver(mail("one"), mail("two"));
    const door = await fetching({ after: "move:Done" });
    await stored(door, 2);
    await until("the move", async () => (await inbox.messages("Done")).length === 2);
    expect(await inbox.messages()).toEqual([]);
  });

  it("that is moved back by hand is a repetition", async () => {
    await inbox.deliver(mail("one"));
    const door = await fetching({ after: "move:Done" });
    await until("the move", async () => (await inbox.messages("Done")).length === 1);
    await inbox.moveBack("Done");
    await until("the repetition", async () => (await door.records({ repetitions: 1 })).length === 1);
    expect(await door.records()).toHaveLength(1);
  });

  it("is deleted", async () => {
    await inbox.deliver(mail("one"), mail("two"));
    const door = await fetching({ after: "delete" });
    await stored(door, 2);
    await until("the deletion", async () => (await inbox.messages()).length === 0);
  });

  it("of a device that gives all its mails one Message-ID is stored for each Date before it is deleted", async () => {
    const alarm = (day: number) => mail("alarm", `Date: Mon, ${day} Jan 2026 12:00:00 +0000`);
    await inbox.deliver(alarm(5), alarm(6), alarm(5));
    const door = await fetching({ after: "delete" });
    await until("the deletion", async () => (await inbox.messages()).length === 0);
    expect((await door.records()).map(({ writtenAt, repetitions }) => [writtenAt?.getUTCDate(), repetitions]).toSorted()).toEqual([
      [5, 1],
      [6, 0],
    ]);
  });

  it("is left alone, and taken once", async () => {
    await inbox.deliver(mail("one"));
    const door = await fetching({ after: "leave" }, { IMAP_SWEEP_MS: "500" });
    await stored(door, 1);
    await inbox.deliver(mail("two"));
    await stored(door, 2);
    expect((await inbox.messages()).map(({ flags }) => flags)).toEqual(["", ""]);
    expect(await door.records({ repetitions: 0 })).toHaveLength(2);
  });

  it("that is too large stays where it is, and the others come", async () => {
    await inbox.deliver(mail("one"), mail("large").padEnd(5000, "x"), mail("two"));
    const door = await fetching({ maxBytes: 2000, after: "delete" });
    await until("the deletion", async () => (await inbox.messages()).length === 1);
    expect(await messageIds(door)).toEqual(["<one@example.test>", "<two@example.test>"]);
    // The note comes after the deletion.
    const folders = door.store.db.collection("mailfolders");
    const noted = await until("the note of it", async () => (await folders.findOne({ "skipped.0": { $exists: true } })) ?? undefined);
    expect(noted).toMatchObject({ _id: "support/INBOX", skipped: [{ reason: "too-large", size: 5000 }], failing: [] });
  });

  it("of megabytes comes whole", async () => {
    const large = `${mail("large")}${"0123456789abcdef".repeat(64).concat("\r\n").repeat(3000)}`;
    await inbox.deliver(large);
    const door = await fetching();
    await stored(door, 1);
    const [record] = await door.records();
    expect(record?.raw.size).toBe(Buffer.byteLength(large));
    expect((await door.rawOf(record)) === large).toBe(true);
  });

  it("is read again when its folder is renumbered, without a double", async () => {
    await inbox.deliver(mail("one"), mail("two"));
    const door = await fetching({ after: "leave" }, { IMAP_SWEEP_MS: "500" });
    await stored(door, 2);
    await inbox.renumber();
    await inbox.deliver(mail("three"));
    await until("the repetitions", async () => (await door.records({ repetitions: 1 })).length === 2);
    await stored(door, 3);
  });

  it("that was erased is known when its folder is read anew, and nothing comes of it", async () => {
    await inbox.deliver(mail("one"), mail("two"));
    const door = await fetching({ after: "leave" }, { IMAP_SWEEP_MS: "500" });
    await stored(door, 2);
    const [one] = await door.records({ messageId: "<one@example.test>" });
    const summary = { from: "ada@example.test", subject: "one", kind: "ticket" };
    await makeMongoInbound(door.store, { now: () => new Date() }).decide(one?._id ?? "", { state: "refused", trace: [], summary });
    await erasePerson(door.store, { clientid: 999, emails: ["ada@example.test"], userids: [], contactids: [], ticketids: [] });
    await inbox.renumber();
    await until("the repetitions", async () => (await door.records({ repetitions: 1 })).length === 2);
    expect(await door.records()).toHaveLength(2);
    const [left] = await door.records({ _id: one?._id ?? "" });
    expect(left).toMatchObject({ state: "ignored", reason: { code: "erased" } });
    expect(JSON.stringify(left)).not.toContain("one@example.test");
  });

  it("goes to whom it names: To, Cc, Delivered-To, else to the one that is given", async () => {
    await inbox.deliver(
      mail("to", "To: Support <Support+x@Example.test>"),
      mail("cc", "To: eve@example.org\r\nCc: sales@example.test"),
      mail("delivered", "To: list@example.org\r\nDelivered-To: sales@example.test"),
      mail("nobody", "To: list@example.org"),
    );
    const door = await fetching({ mailbox: "byRecipient", otherwise: "support@example.test" });
    await stored(door, 4);
    const led = (await door.records()).map(({ messageId, mailbox, source }) => [messageId, mailbox, source.envelopeTo]).toSorted();
    expect(led).toEqual([
      ["<cc@example.test>", "sales@example.test", ["sales@example.test"]],
      ["<delivered@example.test>", "sales@example.test", ["sales@example.test"]],
      ["<nobody@example.test>", "support@example.test", ["support@example.test"]],
      ["<to@example.test>", "support@example.test", ["support+x@example.test"]],
    ]);
  });

  it("that came before it is wanted is left alone", async () => {
    await inbox.deliver(mail("old"));
    const door = await fetching({ since: "now" });
    await until("the folder's beginning to be noted", async () => (await makeMongoMailFolders(door.store).all()).some(({ uidValidity }) => uidValidity !== ""));
    await inbox.deliver(mail("new"));
    await stored(door, 1);
    expect(await messageIds(door)).toEqual(["<new@example.test>"]);
  });

  it("of an account with a wrong password does not hold up the others", async () => {
    await inbox.deliver(mail("one"));
    const file = join(folder, "two.json");
    const account = { host: "127.0.0.1", port: dovecot.port, tls: "none", mailbox: "support@example.test" };
    await writeFile(
      file,
      JSON.stringify([
        { ...account, name: "wrong", user: "other", password: "no" },
        { ...account, name: "right", user, password: PASSWORD },
      ]),
    );
    const door = await startEmailDoor({ IMAP_ACCOUNTS_FILE: file });
    doors.push(door);
    await stored(door, 1);
    await until("the fault", async () => (await door.metrics.expose()).body.includes('imap_faults_total{folder="wrong/INBOX",kind="login"} 1'));
  });
});
