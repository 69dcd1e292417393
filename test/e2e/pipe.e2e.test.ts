import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../support/email-door.ts";
import { OPENTICKETS, runPipe } from "../support/pipe.ts";

/** Nobody listens there. */
const AWAY = ["--smtp", "127.0.0.1:1"];

let door: EmailDoorUnderTest;
let spool: string;
let socket: string;
let count = 0;
beforeAll(async () => {
  socket = join(await mkdtemp(join(tmpdir(), "openticket-socket-")), "lmtp");
  door = await startEmailDoor({ SMTP_MAX_MESSAGE_BYTES: "200000", LMTP_SOCKET: socket });
});
afterAll(async () => {
  await door.stop();
  await rm(join(socket, ".."), { recursive: true, force: true });
});
beforeEach(async () => {
  spool = join(await mkdtemp(join(tmpdir(), "openticket-spool-")), "new");
});
afterEach(() => rm(dirname(spool), { recursive: true, force: true }));

const mail = () => `Message-ID: <${++count}@pipe.test>\nSubject: s\n\n.dots\nbody \xff\n`;
const stored = () => door.records({ messageId: `<${count}@pipe.test>` });
const smtp = () => ["--smtp", `127.0.0.1:${door.ports.smtp}`];
const to = ["--to", "support@example.test"];

describe("opentickets pipe", () => {
  it("ends with 0 when the mail is stored", async () => {
    expect(await runPipe([...to, ...smtp(), "--from", "a@b.test"], mail())).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    const [record] = await stored();
    expect(record).toMatchObject({ mailbox: "support@example.test", source: { door: "pipe", envelopeFrom: "a@b.test" } });
    expect(await door.rawOf(record)).toBe(`Message-ID: <${count}@pipe.test>\r\nSubject: s\r\n\r\n.dots\r\nbody \xff\r\n`);
  });

  it("speaks LMTP, on a port and on a socket file", async () => {
    expect((await runPipe([...to, "--lmtp", `127.0.0.1:${door.ports.lmtp}`], mail())).exitCode).toBe(0);
    expect((await runPipe([...to, "--socket", socket, "--to", "sales@example.test"], mail())).exitCode).toBe(0);
    expect(await stored()).toHaveLength(2);
  });

  it("knows the sender as Postfix says it, and from a mailbox file's first line, which is no part of the mail", async () => {
    await runPipe([...to, ...smtp()], mail(), { SENDER: "env@b.test" });
    expect(await stored()).toMatchObject([{ source: { envelopeFrom: "env@b.test" } }]);
    await runPipe([...to, ...smtp()], `From mbox@b.test Thu Jan  1 12:00:00 2026\n${mail()}`);
    const [record] = await stored();
    expect(record).toMatchObject({ source: { envelopeFrom: "mbox@b.test" } });
    expect(await door.rawOf(record)).toMatch(/^Message-ID/);
  });

  it.each<[string, string[], string, string]>([
    ["root@localhost", [], "From root Thu Nov 26 12:00:00 2026\n", "a local mail's first line"],
    ["localuser@localhost", ["--from", "localuser"], "", "a name without a domain"],
    ['"a b"@g.example', [], 'From "a b"@g.example Thu Nov 26 12:00:00 2026\n', "quotes in the first line"],
    ['"a b"@g.example', [], 'Return-Path: <"a b"@g.example>\n', "quotes in Return-Path"],
    ['"a b"@g.example', ["--from", '"a b"@g.example'], "", "quotes on the command line"],
    ["r@b.test", ["--from", "x\ty@"], "Return-Path: <r@b.test>\n", "what SMTP has no form for"],
    ["", ["--from", "x\ty@"], "", "what SMTP has no form for, and nothing better"],
    ["", ["--from", "a\u200bb@c.test"], "", "an address that the door does not take"],
  ])("sends no mail back for its sender: %j of %j, %j (%s)", async (told, args, head) => {
    expect(await runPipe([...to, "--lmtp", `127.0.0.1:${door.ports.lmtp}`, ...args], head + mail())).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await stored()).toMatchObject([{ source: { envelopeFrom: told } }]);
  });

  it.each<[number, string, () => string[], () => string]>([
    [64, "without a mailbox", () => [], mail],
    [65, "for a mail that is too large", () => [...to, ...smtp()], () => `${mail()}${"x\n".repeat(150_000)}`],
    [67, "for a mailbox that there is not", () => ["--to", "nobody@example.test", ...smtp()], mail],
    [69, "for a mail that goes round and round", () => [...to, ...smtp()], () => "Received: by x\n".repeat(51) + mail()],
    [75, "while the door is away", () => [...to, ...AWAY], mail],
    [75, "when the spool cannot be written", () => [...to, ...smtp(), "--spool", "/nowhere/spool"], mail],
  ])("ends with %i %s", async (expected, _what, args, text) => {
    const { exitCode, stderr } = await runPipe(args(), text());
    expect([exitCode, stderr]).toEqual([expected, expect.stringMatching(/^opentickets: .+\n$/)]);
  });

  it("ends with 75 when the door goes away before it said yes", async () => {
    const server = createServer((peer) => void peer.end("220 hello\r\n")).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = address && typeof address === "object" ? address.port : 0;
    expect((await runPipe([...to, "--smtp", `127.0.0.1:${port}`], mail())).exitCode).toBe(75);
    server.close();
  });
});

it("the program that a mail server starts loads nothing but Node itself", async () => {
  const program = await readFile(join(OPENTICKETS, "../../dist/main-pipe.js"), "utf8");
  const imported = [...program.matchAll(/\b(?:from|import\()\s*"([^"]+)"/g)].map(([, name]) => name);
  expect(imported.length).toBeGreaterThan(0);
  expect(imported.filter((name) => !name?.startsWith("node:"))).toEqual([]);
});

describe("the spool", () => {
  it("takes what the door cannot take now, and hands it over later, once", async () => {
    for (let n = 0; n < 3; n++) expect((await runPipe([...to, ...AWAY, "--from", "a@b.test", "--spool", spool], mail())).exitCode).toBe(0);
    expect(await readdir(spool)).toHaveLength(3);
    expect((await runPipe(["--flush", "--spool", spool, ...AWAY])).exitCode).toBe(75);
    expect(await runPipe(["--flush", "--spool", spool, ...smtp()])).toMatchObject({ exitCode: 0, stdout: "3 of 3 handed over\n" });
    expect(await readdir(spool)).toEqual([]);
    expect(await stored()).toMatchObject([{ source: { envelopeFrom: "a@b.test", door: "pipe" } }]);
    expect(await door.rawOf((await stored())[0])).toContain("\r\n.dots\r\n");
  });

  it("holds nothing of what was stored or refused at once", async () => {
    expect((await runPipe([...to, ...smtp(), "--spool", spool], mail())).exitCode).toBe(0);
    expect((await runPipe(["--to", "nobody@example.test", ...smtp(), "--spool", spool], mail())).exitCode).toBe(67);
    expect(await readdir(spool)).toEqual([]);
  });

  it("puts aside what is refused for good, and leaves drafts alone that may still be written", async () => {
    await runPipe(["--to", "nobody@example.test", ...AWAY, "--spool", spool], mail());
    await writeFile(join(spool, "1-2-3.draft"), "half of");
    const { exitCode, stderr } = await runPipe(["--flush", "--spool", spool, ...smtp()]);
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/was refused and put aside: 550 5\.1\.1/)]);
    expect((await readdir(spool)).map((name) => name.split(".").at(-1)).sort()).toEqual(["draft", "refused"]);
  });
});
