import { readCommand } from "@openticket/contract";
import type { Job } from "bullmq";
import { expect, it } from "vitest";
import { commandAction } from "../../src/queue/action.ts";
import { readJob } from "../../src/queue/read-job.ts";

const NOW = new Date("2026-01-02T03:04:05.000Z");

/** What is read of a job, when it was received, and what was warned of. */
function read(job: Partial<Job>) {
  const warnings: unknown[] = [];
  let receivedAt: string | undefined;
  const action = commandAction({
    read: (data, defaults) => {
      const found = readCommand(data, defaults);
      receivedAt = found.kind === "command" ? found.command.receivedAt : undefined;
      return found;
    },
    decide: async () => ({ kind: "opened" }),
    recall: async () => undefined,
  });
  const logger = { warn: (fields: unknown) => void warnings.push(fields) };
  const deps = { actions: new Map([["openticket", action]]), now: () => NOW, logger } as unknown as Parameters<typeof readJob>[1];
  const found = readJob({ id: "7", name: "OpenTicket", queueName: "open-ticket", data: { ticket: {} }, timestamp: NOW.getTime(), ...job } as Job, deps);
  return { found, receivedAt, warnings };
}

it("a command without a time has its job's", () => {
  expect(read({ timestamp: 1000 })).toMatchObject({ receivedAt: "1970-01-01T00:00:01.000Z", warnings: [] });
});

it.each([Number.NaN, -1, 1.7e15, 1.7e18])("the time %d of a job is none: it is received now, and that is said", (timestamp) => {
  const { found, receivedAt, warnings } = read({ timestamp });
  expect([found.kind, receivedAt]).toEqual(["runnable", NOW.toISOString()]);
  expect(warnings).toEqual([{ jobId: "7", timestamp }]);
});

it("nothing is said of it where the command has a time of its own", () => {
  const data = { ticket: {}, receivedAt: "2026-01-01T00:00:00Z" };
  expect(read({ timestamp: Number.NaN, data })).toMatchObject({ receivedAt: data.receivedAt, warnings: [] });
});

it("a job without a name is of no known action", () => {
  expect(read({ name: undefined as never }).found).toMatchObject({ kind: "hopeless", error: { code: "action_unknown" } });
});
