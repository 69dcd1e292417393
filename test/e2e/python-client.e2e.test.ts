import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPython, runExample } from "../support/python.ts";
import { type Stack, startStack } from "../support/stack.ts";

const TICKET = { deptid: 1, clientid: 1, subject: "From Python", message: "Grüße", priority: "High" };

const python = await findPython();
let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const open = (ticket: object, ...more: string[]) =>
  runExample(python ?? "", [JSON.stringify(ticket), "--redis-url", stack.redisUrl, "--prefix", stack.prefix, ...more]);

describe.skipIf(python === undefined)("the Python example", () => {
  it("opens a ticket and reads its reply", async () => {
    const { exitCode, stdout } = await open(TICKET);
    const reply = JSON.parse(stdout);
    expect([exitCode, reply.result]).toEqual([0, "success"]);
    const stored = await stack.store.db.collection("tickets").findOne({ id: reply.id });
    const { clientid, ...fields } = TICKET;
    expect(stored).toMatchObject({ ...fields, opener: { clientid }, tid: reply.tid, source: { channel: "python-example" } });
  });

  it("prints every error of a rejection", async () => {
    const { exitCode, stdout } = await open({ ...TICKET, deptid: 99, subject: "" });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).errors).toHaveLength(2);
  });

  it("opens one ticket for one key", async () => {
    const first = await open(TICKET, "--idempotency-key", "k");
    const second = await open(TICKET, "--idempotency-key", "k");
    const [a, b] = [JSON.parse(first.stdout), JSON.parse(second.stdout)];
    expect([b.id, b.replayed]).toEqual([a.id, true]);
  });

  it("says that Redis cannot be reached", async () => {
    const { exitCode, stderr } = await runExample(python ?? "", [JSON.stringify(TICKET), "--redis-url", "redis://127.0.0.1:1", "--timeout", "3"]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("127.0.0.1:1");
  });
});
