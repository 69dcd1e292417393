import { describe, expect, it } from "vitest";
import { makeGate, type Vitals } from "../src/intake/gate.ts";

const WELL: Vitals = { queueDepth: 0, redisMemory: 0, storeAnswers: true, isClosed: false };

function gateThatSees(...readings: Partial<Vitals>[]) {
  let nowMs = 0;
  let reads = 0;
  const read = async () => ({ ...WELL, ...readings[Math.min(reads++, readings.length - 1)] });
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { pass: makeGate({ read, maxQueueDepth: 1000, nowMs: () => nowMs }), wait, reads: () => reads };
}

describe("the door's gate", () => {
  it.each<[string, Partial<Vitals>, RegExp]>([
    ["the queue does not answer", { queueDepth: undefined, redisMemory: undefined }, /queue does not answer/],
    ["the store does not answer", { storeAnswers: false }, /store does not answer/],
    ["too many requests wait", { queueDepth: 1000 }, /1000 requests are waiting/],
    ["Redis is nearly full", { redisMemory: 0.81 }, /memory is nearly full/],
    ["an operator has closed the doors", { isClosed: true }, /closed for maintenance/],
  ])("refuses when %s", async (_when, vitals, reason) => {
    await expect(gateThatSees(vitals).pass()).rejects.toThrow(reason);
  });

  it("lets requests in when all is well, and reads once for many of them", async () => {
    const { pass, reads } = gateThatSees(WELL);
    for (let request = 0; request < 100; request++) await pass();
    expect(reads()).toBe(1);
  });

  it("opens again by itself", async () => {
    const { pass, wait } = gateThatSees({ storeAnswers: false }, WELL);
    await expect(pass()).rejects.toThrow();
    wait(10_000);
    await pass();
  });

  it("lets a request through on vitals that are being refreshed, and the next one see them", async () => {
    const { pass, wait } = gateThatSees(WELL, { queueDepth: 5000 });
    await pass();
    wait(600);
    await pass();
    await expect(pass()).rejects.toThrow(/waiting/);
  });
});
