import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeLogger } from "@openticket/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MailDelayed } from "../../src/notify/mail-delayed.ts";
import { makeNotifier } from "../../src/notify/notifier.ts";
import { makeTransport } from "../../src/notify/transport.ts";
import { config, depsWith, owed, SECRET, ticket, written } from "./build.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mails-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function start() {
  const lines: string[] = [];
  const logger = makeLogger({ name: "test", level: "info", destination: { write: (line: string) => void lines.push(line) } });
  const transport = await makeTransport({ config: config({ DATA_DIR: directory }), tokenSecret: SECRET, logger });
  return { lines, transport, notifier: makeNotifier(depsWith({ transport })) };
}

describe("without a relay", () => {
  it("a mail is one file, for its owner alone, with the bytes that a relay would get", async () => {
    const { notifier } = await start();
    await notifier.deliver(ticket(), owed());
    const { mail } = await written();
    const path = join(directory, "sent", `${mail.fileName}.eml`);
    expect(await readdir(join(directory, "sent"))).toEqual([`${mail.fileName}.eml`]);
    expect(await readFile(path, "utf8")).toBe(mail.raw);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, "sent"))).mode & 0o777).toBe(0o700);
  });

  it("a mail delivered again, also at the same time and by another process, replaces its file", async () => {
    const [one, two] = [await start(), await start()];
    await Promise.all(Array.from({ length: 20 }, (_, turn) => (turn % 2 ? one : two).notifier.deliver(ticket(), owed())));
    expect(await readdir(join(directory, "sent"))).toHaveLength(1);
  });

  it("every mail has a file of its own", async () => {
    const { notifier } = await start();
    await Promise.all(Array.from({ length: 50 }, (_, n) => notifier.deliver(ticket({ _id: `req_${n}`, id: n + 1 }), owed())));
    expect(await readdir(join(directory, "sent"))).toHaveLength(50);
  });

  it("a start says where mails go, each mail is an event, and no line holds an address, a subject or a code", async () => {
    const { notifier, lines } = await start();
    await notifier.deliver(ticket(), owed());
    const events: { msg: string; directory?: string; ticketId?: number; requestId?: string }[] = lines.map((line) => JSON.parse(line));
    expect(events.map(({ msg }) => msg)).toEqual(["no mail relay is configured: mails are written to files", "mail written to a file"]);
    expect(events[0]?.directory).toBe(join(directory, "sent"));
    expect(events[1]).toMatchObject({ ticketId: 7, requestId: "req_1", template: "ticket-opened" });
    expect(lines.join("")).not.toMatch(/ada@|Printer|KPqH7yG3|Lovelace/);
  });

  it("a directory that cannot be written to delays the mail and leaves nothing behind", async () => {
    const { notifier } = await start();
    await rm(join(directory, "sent"), { recursive: true });
    await expect(notifier.deliver(ticket(), owed())).rejects.toBeInstanceOf(MailDelayed);
    await writeFile(join(directory, "sent"), "a file in the way");
    await expect(notifier.deliver(ticket(), owed())).rejects.toBeInstanceOf(MailDelayed);
  });
});
