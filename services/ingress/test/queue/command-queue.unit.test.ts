import { QueueUnavailable as ClientQueueUnavailable, ReplyTimeout, TooManyWaiting } from "@openticket/client";
import { describe, expect, it } from "vitest";
import { Overloaded } from "../../src/intake/gate.ts";
import { QueueUnavailable, ReplyLate } from "../../src/intake/ports.ts";
import { inOurWords } from "../../src/queue/command-queue.ts";

const fault = new TypeError("a fault of ours");

describe("what a door hears of the queue", () => {
  it.each([
    ["that it cannot be reached", new ClientQueueUnavailable("Redis cannot be reached"), QueueUnavailable],
    ["that the reply is late", new ReplyTimeout("req_1"), ReplyLate],
    ["that too many wait already, which is no fault", new TooManyWaiting("10000 callers are waiting for replies already"), Overloaded],
  ])("is %s", async (_what, error, expected) => {
    await expect(inOurWords(Promise.reject(error))).rejects.toBeInstanceOf(expected);
  });

  it("is its outcome, and its faults, as they are", async () => {
    expect(await inOurWords(Promise.resolve("done"))).toBe("done");
    await expect(inOurWords(Promise.reject(fault))).rejects.toBe(fault);
  });
});
