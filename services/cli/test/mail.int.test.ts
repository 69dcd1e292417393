import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InboundRecord } from "@openticket/contract";
import { erasePerson, makeMongoBlobStore, makeMongoDeadLetters, makeMongoInbound, makeMongoMailFolders } from "@openticket/store";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../test/support/email-door.ts";
import { operatorOf } from "./support/opentickets.ts";

let door: EmailDoorUnderTest;
let folder: string;
let inbound: ReturnType<typeof makeMongoInbound>;
let count = 0;
beforeAll(async () => {
  door = await startEmailDoor();
  inbound = makeMongoInbound(door.store, { now: () => new Date() });
  folder = await mkdtemp(join(tmpdir(), "openticket-cli-mail-"));
});
afterAll(async () => {
  await door.stop();
  await rm(folder, { recursive: true, force: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

const { opentickets, asJson } = operatorOf(() => door.prefix);

/** A message in quarantine. */
async function quarantined(content = `raw ${count}`, mailbox = "support@example.test"): Promise<InboundRecord> {
  const name = `${++count}`.padStart(32, "0");
  const raw = await makeMongoBlobStore(door.store).put(contentOf(content), { maxBytes: 1000 });
  const record: InboundRecord = {
    _id: `inb_${name}`,
    requestId: `req_${name}`,
    mailbox,
    source: { door: "smtp", envelopeFrom: "a@b.test", envelopeTo: [mailbox] },
    raw,
    receivedAt: new Date(),
    state: "stored",
    trace: [],
    repetitions: 0,
  };
  await inbound.accept(record);
  await inbound.decide(record._id, {
    state: "quarantined",
    reason: { code: "unreadable", text: "it ends early" },
    trace: [{ rule: "read", answer: "unreadable" }],
  });
  return record;
}
async function* contentOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe("mail list, show and export", () => {
  it("show what waits and why", async () => {
    const { _id } = await quarantined();
    expect((await opentickets("mail", "list", "--state", "quarantined")).out).toMatch(
      new RegExp(`${_id} +quarantined .*support@example.test +a@b.test +it ends early`),
    );
    expect(await asJson("mail", "list", "--mailbox", "sales@example.test")).toEqual([]);
    const shown = await opentickets("mail", "show", _id);
    expect(shown.out).toMatch(/reason +unreadable: it ends early/);
    expect(shown.out).toMatch(/^read +unreadable/m);
  });

  it("show what strangers wrote, and a terminal would obey, as escapes on one line", async () => {
    const { _id, trace } = await quarantined();
    await inbound.putBack(_id, { checkAt: new Date(), note: { rule: "operator", answer: "replayed" } });
    const [told, hidden] = ["\x1b]0;owned\x07\nfake  line\u009b2J", "\\u001b]0;owned\\u0007\\nfake  line\\u009b2J"];
    await inbound.decide(_id, {
      state: "quarantined",
      reason: { code: "unreadable", text: told },
      summary: { from: "a@b.test", subject: told, kind: "ticket" },
      trace: [...trace, { rule: "read", answer: "unreadable", because: told }],
    });
    for (const command of [["list"], ["show", _id], ["list", "--json"], ["show", _id, "--json"]]) {
      const { out } = await opentickets("mail", ...command);
      expect(out).toContain(hidden);
      expect(out).not.toMatch(/[^\P{Cc}\n]/u);
    }
    expect((await asJson("mail", "show", _id)).reason.text).toBe(told);
    expect((await opentickets("request", "show", _id)).out).toContain(hidden);
  });

  it("write the raw message as it came", async () => {
    const { _id } = await quarantined("Subject: \xff\r\n\r\n");
    const file = join(folder, "raw.eml");
    expect((await opentickets("mail", "export", _id, file)).out).toContain(`written to ${file}`);
    expect((await readFile(file)).equals(Buffer.from("Subject: \xff\r\n\r\n"))).toBe(true);
  });

  it("write it to standard output", async () => {
    const { _id } = await quarantined("Subject: x\r\n\r\n");
    const written: string[] = [];
    const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => written.push(String(chunk)) > 0);
    const { code } = await opentickets("mail", "export", _id, "-");
    spy.mockRestore();
    expect([code, written.join("")]).toEqual([0, "Subject: x\r\n\r\n"]);
    expect(await opentickets("mail", "export", _id, "")).toMatchObject({ code: 1, out: "" });
  });

  it("say that there is no such message", async () => {
    for (const command of ["show", "replay", "drop"])
      expect(await opentickets("mail", command, "inb_x")).toMatchObject({ code: 1, err: expect.stringMatching(/no message inb_x/) });
  });
});

describe("mail replay", () => {
  it("has a message looked at by the store's clock, whatever this machine's says", async () => {
    const { _id } = await quarantined();
    const hourAgo = new Date(Date.now() - 3_600_000);
    vi.useFakeTimers({ toFake: ["Date"], now: hourAgo.getTime() - 3_600_000 });
    await asJson("mail", "replay", _id);
    expect((await inbound.find(_id))?.checkAt?.getTime()).toBeGreaterThan(hourAgo.getTime());
  });

  it("has messages read again, and forgets what they were refused for", async () => {
    const { _id, requestId } = await quarantined();
    await makeMongoDeadLetters(door.store).bury({
      _id: requestId,
      jobName: "InboundMail",
      dataJson: "{}",
      code: "poison",
      reason: "r",
      attempts: 1,
      receivedAt: new Date(),
      diedAt: new Date(),
    });
    expect(await asJson("mail", "replay", _id)).toEqual({ replayed: 1 });
    expect(await inbound.find(_id)).toMatchObject({
      state: "stored",
      checkAt: expect.any(Date),
      trace: [{ rule: "read" }, { rule: "operator", answer: "replayed" }],
    });
    // Under a name of its own: the queue may still know the first one's.
    expect(await door.queue.getWaiting()).toContainEqual(
      expect.objectContaining({ name: "InboundMail", data: expect.objectContaining({ inboundId: _id, requestId }) }),
    );
    expect(await makeMongoDeadLetters(door.store).find(requestId)).toBeUndefined();
    expect(await opentickets("mail", "replay", _id)).toMatchObject({ code: 1, err: expect.stringMatching(/not decided yet/) });
  });

  it("takes those in quarantine of a mailbox together, and none that became a ticket", async () => {
    const [one, two] = [await quarantined("1", "sales@example.test"), await quarantined("2", "sales@example.test")];
    expect(await asJson("mail", "replay", "--mailbox", "Sales@example.test")).toEqual({ replayed: 2 });
    await inbound.decide(one._id, { state: "ticket", ticket: { id: 1, tid: "100001" }, trace: [] });
    expect(await opentickets("mail", "replay", one._id, two._id)).toMatchObject({ code: 1, err: expect.stringMatching(/has become ticket 100001 already/) });
    expect(await opentickets("mail", "replay")).toMatchObject({ code: 2 });
  });
});

describe("an event of a webhook", () => {
  it("is listed by its source, shown, exported, and replayed as what it is", async () => {
    const { _id, requestId } = await quarantined('{"state":"firing"}', "webhook:alerts");
    expect(await asJson("mail", "list", "--mailbox", "webhook:alerts")).toMatchObject([{ _id }]);
    expect((await opentickets("mail", "show", _id)).out).toContain("webhook:alerts");
    const file = join(folder, "event.json");
    await opentickets("mail", "export", _id, file);
    expect(await readFile(file, "utf8")).toBe('{"state":"firing"}');
    expect(await asJson("mail", "replay", "--mailbox", "webhook:alerts")).toEqual({ replayed: 1 });
    expect(await door.queue.getWaiting()).toContainEqual(
      expect.objectContaining({ name: "InboundEvent", data: expect.objectContaining({ inboundId: _id, requestId }) }),
    );
  });
});

describe("mail edit and drop", () => {
  it("a mended message takes the place of the other, which is noted, and is read again", async () => {
    const before = await quarantined("broken");
    const file = join(folder, "mended.eml");
    await writeFile(file, "mended");
    expect((await opentickets("mail", "edit", before._id, "--file", file)).code).toBe(0);
    const after = await inbound.find(before._id);
    expect(await door.rawOf(after)).toBe("mended");
    expect(after).toMatchObject({ state: "stored", trace: [{ rule: "read" }, { answer: "edited", because: expect.stringContaining(before.raw.sha256) }] });
    expect(await opentickets("mail", "edit", before._id, "--file", "/nowhere")).toMatchObject({ code: 1 });
  });

  it("by an editor with options of its own, which gets the file", async () => {
    const { _id } = await quarantined("broken and wrong");
    vi.stubEnv("VISUAL", "sed -i -e 's/broken and/mended, not/'");
    expect(await opentickets("mail", "edit", _id)).toMatchObject({ code: 0, err: "" });
    expect(await door.rawOf(await inbound.find(_id))).toBe("mended, not wrong");
    vi.stubEnv("VISUAL", "false");
    expect(await opentickets("mail", "edit", (await quarantined())._id)).toMatchObject({ code: 1, err: expect.stringMatching(/nothing was changed/) });
  });

  it("one that was erased is listed without its sender, and can be neither replayed nor mended nor exported", async () => {
    const { _id } = await quarantined();
    await door.store.db.collection<InboundRecord>("inbound").updateOne({ _id }, { $set: { "source.envelopeFrom": "erased@b.test" } });
    await erasePerson(door.store, { clientid: 999, emails: ["erased@b.test"], userids: [], contactids: [], ticketids: [] });
    await writeFile(join(folder, "mended.eml"), "mended");
    for (const args of [
      ["replay", _id],
      ["edit", _id, "--file", join(folder, "mended.eml")],
      ["export", _id, join(folder, "erased.eml")],
      ["edit", _id],
    ])
      expect(await opentickets("mail", ...args)).toMatchObject({ code: 1, err: expect.stringContaining(`${_id} was erased: nothing is left of it`) });
    const listed = (await opentickets("mail", "list", "--state", "ignored")).out;
    expect(listed).toMatch(new RegExp(`${_id} .*It was erased`));
    expect(`${listed}${(await opentickets("mail", "show", _id)).out}`).not.toContain("erased@b.test");
  });

  it("one that is dropped is ignored from then on, with its reason", async () => {
    const { _id } = await quarantined();
    expect(await asJson("mail", "drop", _id)).toEqual({ dropped: 1 });
    expect(await inbound.find(_id)).toMatchObject({ state: "ignored", reason: { code: "dropped" } });
    expect(await opentickets("mail", "drop", _id)).toMatchObject({ code: 1, err: expect.stringMatching(/not in quarantine but ignored/) });
  });
});

describe("audit, status and request", () => {
  it("know of messages: those that wait, those in quarantine, and one that the queue has lost", async () => {
    await quarantined();
    const lost = await quarantined();
    await inbound.putBack(lost._id, { checkAt: new Date(), note: { rule: "test", answer: "lost" } });
    const audit = await asJson("audit");
    expect(audit.mail).toMatchObject({ quarantined: expect.any(Number), waiting: expect.any(Number) });
    expect(audit.differences).toContainEqual(expect.objectContaining({ kind: "lost", about: lost._id }));
    expect((await opentickets("audit")).out).toMatch(/messages came in +(= )?tickets/);
    expect((await opentickets("status")).out).toMatch(/^mails in quarantine +\d/m);
    expect((await opentickets("request", "show", lost._id)).out).toMatch(new RegExp(`request ${lost.requestId}[\\s\\S]*mail stored`));
  });
});

describe("opentickets mail folders", () => {
  it("says who reads an IMAP folder, and what was left in it", async () => {
    expect((await opentickets("mail", "folders")).out).toContain("No IMAP folders.");
    const folders = makeMongoMailFolders(door.store);
    const lease = await folders.take("support/INBOX", "host-1", 60_000);
    const skipped = [{ uidValidity: "1", uid: 7, reason: "too-large", size: 9, at: new Date() }];
    await folders.save("support/INBOX", lease?.token ?? 0, { uidValidity: "1", floor: 7, settled: [], failing: [] }, skipped);
    expect((await opentickets("mail", "folders")).out).toMatch(/support\/INBOX +host-1 +0 +1(.|\n)*support\/INBOX +7 +too-large/);
    expect(await asJson("mail", "folders")).toMatchObject([{ folder: "support/INBOX", holder: "host-1", skipped: [{ uid: 7 }] }]);
  });
});
