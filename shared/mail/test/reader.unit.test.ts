import { afterEach, describe, expect, it } from "vitest";
import { type MailReader, type MailReaderOptions, makeMailReader } from "../src/index.ts";
import { POISON } from "./poison.ts";

const MAIL = Buffer.from("From: Ann <ann@example.test>\r\nSubject: Disk full\r\n\r\non web3");

let reader: MailReader | undefined;
afterEach(() => reader?.close());

function makeReader(options: Partial<MailReaderOptions> = {}): MailReader {
  reader = makeMailReader({ threads: 1, ...options });
  return reader;
}

const poison = (name: string) => POISON[name]?.() ?? Buffer.alloc(0);
const understood = expect.objectContaining({ kind: "understood", mail: expect.objectContaining({ subject: "Disk full" }) });

describe("the mail reader", () => {
  it("reads mails from shared memory, and copies others into it", async () => {
    const shared = new SharedArrayBuffer(MAIL.length);
    new Uint8Array(shared).set(MAIL);
    const { read } = makeReader();
    expect(await read(shared)).toEqual(understood);
    expect(await read(new Uint8Array(shared))).toEqual(understood);
    expect(await read(MAIL)).toEqual(understood);
  });

  it("says that a mail takes too long, and goes on with others", async () => {
    const { read } = makeReader({ timeoutMs: 20 });
    const readings = await Promise.all([read(poison("50 MB of HTML")), read(MAIL), read(MAIL)]);
    expect(readings).toEqual([{ kind: "unreadable", reason: "it took longer than 0.02 s to read" }, understood, understood]);
  });

  it("says that a mail needs too much memory, and goes on with others", async () => {
    const { read } = makeReader({ maxMemoryMb: 24 });
    const readings = await Promise.all([read(poison("20,000 links")), read(MAIL)]);
    expect(readings).toEqual([{ kind: "unreadable", reason: "it needed more than 24 MB of memory to read" }, understood]);
  });

  it("reads more mails than it has threads", async () => {
    const { read } = makeReader({ threads: 2 });
    const readings = await Promise.all(Array.from({ length: 20 }, () => read(MAIL)));
    expect(readings).toEqual(Array.from({ length: 20 }, () => understood));
  });

  it("reads each mail alone when several together end their thread", async () => {
    const { read } = makeReader({ batchTimeoutMs: 0 });
    const readings = await Promise.all(Array.from({ length: 5 }, () => read(MAIL)));
    expect(readings).toEqual(Array.from({ length: 5 }, () => understood));
  });

  it("reads a small mail that stands between large ones", async () => {
    const large = Buffer.concat([MAIL, Buffer.alloc(100_000, "a text\r\n")]);
    const { read } = makeReader();
    expect(await Promise.all([MAIL, large, MAIL, MAIL, large].map((mail) => read(mail)))).toEqual(Array.from({ length: 5 }, () => understood));
  });

  it("leaves out the HTML that nobody wants", async () => {
    const html = Buffer.from("Subject: Disk full\r\nContent-Type: text/html\r\n\r\n<p>on web3");
    const { read } = makeReader({ withHtml: false });
    expect(await read(html)).toEqual({ kind: "understood", mail: expect.objectContaining({ text: "on web3", html: undefined }) });
  });

  it("refuses what waits and what comes when it is closed", async () => {
    const { read, close } = makeReader();
    const waiting = Promise.allSettled([read(poison("25 levels of multiparts around 20 MB")), read(MAIL)]);
    await close();
    expect((await waiting).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(read(MAIL)).rejects.toThrow("closed");
  });
});
