import type { CommandResult } from "@openticket/contract";
import { expect, it } from "vitest";
import { makeDeliveries } from "../src/deliveries.ts";
import { makeLateAnswer } from "../src/late-answer.ts";

const RESULT: CommandResult = { requestId: "req_1", result: "success", id: 1, tid: "T-1", c: "aB3dE6gH" };
const nobody = { notifier: {}, tickets: {}, replies: {}, announcer: {} } as unknown as Parameters<typeof makeDeliveries>[0];

it("nothing is put in line while Redis is away, and that is no try", async () => {
  const published: string[] = [];
  const redis: { status: "ready" | "reconnecting" } = { status: "reconnecting" };
  const answer = makeLateAnswer({ redis, replies: { publish: async (queue) => void published.push(queue) } });
  const error = await answer("replies", RESULT).catch((fault: unknown) => fault);
  expect(makeDeliveries({ ...nobody, answer }).severityOf(error)).toBe("untried");
  redis.status = "ready";
  expect(published).toEqual([]);
  await answer("replies", RESULT);
  expect(published).toEqual(["replies"]);
});

it("an answer that Redis does not take is one that was tried", () => {
  expect(makeDeliveries(nobody).severityOf(new Error("OOM command not allowed"))).toBe("failed");
});
