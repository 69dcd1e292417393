import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runPipe } from "../support/pipe.ts";
import { postTicket, rest } from "../support/rest.ts";
import { until } from "../support/until.ts";

const PROGRAM = fileURLToPath(new URL("../../services/standalone/dist/main.js", import.meta.url));

let dataDir: string;
let started: ChildProcess[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "openticket-standalone-"));
  started = [];
});
afterEach(async () => {
  for (const child of started) await stop(child, "SIGTERM");
  await rm(dataDir, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  said(): string;
  ended: Promise<number | null>;
}

function start(env: Record<string, string> = {}): Started {
  const { PATH, HOME, OPENTICKET_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const given = { PATH, HOME, OPENTICKET_CACHE_DIR, XDG_CACHE_HOME, DATA_DIR: dataDir, HTTP_PORT: "0", SMTP_PORT: "0", METRICS_PORT: "0", ...env };
  const child = spawn(process.execPath, [PROGRAM], { env: given, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text) => {
      said += text;
    });
  }
  return { child, said: () => said, ended: once(child, "close").then(() => child.exitCode) };
}

async function ready(running: Started): Promise<{ httpUrl: string; credentials: { identifier: string; secret: string } }> {
  const [, httpUrl = ""] = await until("the line that starts with ready", () => /^ready (http:\S+)/m.exec(running.said()) ?? undefined, 60_000);
  const [, identifier = "", secret = ""] = /identifier='([^']*)' -d secret='([^']*)'/.exec(running.said()) ?? [];
  return { httpUrl, credentials: { identifier, secret } };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
  return child.exitCode;
}

/** The printed calls of webhooks: the one with a token, and the three lines of the signed one. */
function printedCalls(said: string): string[] {
  return [/curl -s \S+\/webhooks\/example-json .*?\n.*$/m.exec(said)?.[0], /id=msg_1 .*\n.*\n.*-d "\$body"$/m.exec(said)?.[0]].filter(
    (call) => call !== undefined,
  );
}

async function inShell(call: string): Promise<unknown> {
  const shell = spawn("sh", ["-c", call], { stdio: ["ignore", "pipe", "inherit"] });
  let answer = "";
  for await (const text of shell.stdout) answer += text;
  return JSON.parse(answer);
}

const TICKET = { deptid: 1, clientid: 1, subject: "First", message: "m" };

describe("npm start's program", () => {
  it("brings databases, services and example data, and goes on with the same data when it is started again", async () => {
    const first = start();
    const stack = await ready(first);
    const { body } = await postTicket(stack, TICKET);
    expect(body).toMatchObject({ id: 1 });
    await until("both mails", async () => (await readdir(join(dataDir, "sent")).catch(() => [])).filter((name) => name.endsWith(".eml")).length === 2);
    const metrics = await (await fetch(`${stack.httpUrl}/metrics`)).text();
    for (const line of ['openticket_dead_total{code="failed"} 0', 'openticket_requests_total{outcome="opened"} 1', "openticket_mail_connections 0"])
      expect(metrics).toContain(line);
    expect((await stat(join(dataDir, "api-credentials"))).mode & 0o777).toBe(0o600);
    expect(await stop(first.child, "SIGTERM")).toBe(0);

    const second = start();
    const again = await ready(second);
    expect(again.credentials).toEqual(stack.credentials);
    expect((await rest(again, "GET", "/v1/tickets/1")).body.tid).toBe(body.tid);
    expect(second.said()).not.toContain("example departments");
  });

  it("listens for mail to the example departments, and shows what came of it", async () => {
    const running = start();
    const stack = await ready(running);
    const [, port] = /smtp:\/\/127\.0\.0\.1:(\d+)/.exec(running.said()) ?? [];
    const { exitCode } = await runPipe(["--to", "support@example.test", "--smtp", `127.0.0.1:${port}`], "Subject: By mail\n\nHello\n");
    expect(exitCode).toBe(0);
    const { body } = await rest(stack, "GET", "/v1/inbound?mailbox=support@example.test");
    expect(body.inbound).toMatchObject([{ mailbox: "support@example.test", raw: { size: 27 } }]);
  });

  it("prints a call that opens a ticket as it stands", async () => {
    const running = start();
    await ready(running);
    const [call = ""] = /curl -s .*?markdown=true/s.exec(running.said()) ?? [];
    expect(await inShell(call)).toMatchObject({ result: "success", id: 1, tid: expect.stringMatching(/^\d{6}$/), c: expect.stringMatching(/^[A-Za-z0-9]+$/) });
  });

  it("prints calls of the example webhooks that are taken as they stand, and shows the same ones at the next start", async () => {
    const first = start();
    const stack = await ready(first);
    const calls = printedCalls(first.said());
    expect(calls).toHaveLength(2);
    for (const [call, source] of [
      [calls[0], "example-json"],
      [calls[1], "example"],
    ] as const) {
      const [answer, again] = [await inShell(call ?? ""), await inShell(call ?? "")];
      expect(answer).toEqual({ result: "accepted", id: [expect.stringMatching(/^inb_/)] });
      expect(again).toEqual(answer);
      const { body } = await rest(stack, "GET", `/v1/inbound?mailbox=webhook:${source}`);
      const [id] = (answer as { id: string[] }).id;
      expect(body.inbound).toMatchObject([{ id, repetitions: 1 }]);
      await until("its ticket", async () => (await rest(stack, "GET", `/v1/inbound/${id}`)).body.state === "ticket");
    }
    for (const file of ["secrets-key", "webhook-secrets.json"]) expect((await stat(join(dataDir, file))).mode & 0o777).toBe(0o600);
    expect(await stop(first.child, "SIGTERM")).toBe(0);

    const second = start();
    await ready(second);
    const withoutPort = (text: string | undefined) => text?.replace(/127\.0\.0\.1:\d+/, "");
    expect(printedCalls(second.said()).map(withoutPort)).toEqual(calls.map(withoutPort));
  });

  it("takes credentials that are given", async () => {
    const running = start({ API_CREDENTIALS: "me:my own secret" });
    const { httpUrl } = await ready(running);
    const answer = await postTicket({ httpUrl, credentials: { identifier: "me", secret: "my own secret" } }, TICKET);
    expect(answer.status).toBe(201);
  });
});

describe("what is in the way is one clear line, and the exit code is not 0", () => {
  it("a port in use; the databases are stopped again", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const running = start({ HTTP_PORT: String(port) });
    expect(await running.ended).toBe(1);
    expect(running.said()).toContain(`could not start: 127.0.0.1:${port} is in use by another program; free it, or set HTTP_PORT to another`);
    expect(running.said()).not.toContain("    at ");
    const mongod = Number(await readFile(join(dataDir, "mongo.pid"), "utf8").catch(() => "0"));
    expect(mongod === 0 || !isAlive(mongod)).toBe(true);
    other.close();
  });

  it("a data folder that another one uses", async () => {
    const first = start();
    await ready(first);
    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(`is in use by process ${first.child.pid}`);
  });

  it("a wrong variable", async () => {
    const running = start({ HTTP_PORT: "eighty" });
    expect(await running.ended).toBe(1);
    expect(running.said()).toContain("HTTP_PORT: expected a whole number from 0 to 65535");
  });

  it("a data folder that cannot be written to", async () => {
    const running = start({ DATA_DIR: join(PROGRAM, "below-a-file") });
    expect(await running.ended).toBe(1);
    expect(running.said()).toContain("set DATA_DIR to a folder that can");
  });
});

describe("a database that ends by itself", () => {
  it.each(["mongo", "redis"])("%s: one line that says where to look, and exit code 1; the next start goes on", async (name) => {
    const running = start({ DRAIN_TIMEOUT_MS: "2000" });
    await ready(running);
    process.kill(Number(await readFile(join(dataDir, `${name}.pid`), "utf8")), "SIGKILL");
    expect(await running.ended).toBe(1);
    expect(running.said()).toMatch(new RegExp(`^stopped: a database \\(process \\d+\\) has ended by signal SIGKILL; its last words are in .*${name}`, "m"));
    await ready(start());
  });
});

describe("a start that was killed", () => {
  it("leaves databases running, which the next start takes out of the way", async () => {
    const first = start();
    const stack = await ready(first);
    await postTicket(stack, TICKET);
    await stop(first.child, "SIGKILL");
    const second = start();
    const again = await ready(second);
    expect((await rest(again, "GET", "/v1/tickets/1")).status).toBe(200);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
