import { makeLogger, makeMetrics } from "@openticket/runtime";
import { describe, expect, it } from "vitest";
import { lookOnce } from "../../src/queue/stuck-watch.ts";

const LONG_MS = 60_000;

async function restartsWhen({ depth = 1, inHand = 0, silentMs = LONG_MS, wakesWhileAsked = false }) {
  let restarts = 0;
  let silentForMs = silentMs;
  const waiting = async () => {
    if (wakesWhileAsked) silentForMs = 0;
    return depth;
  };
  const consumer = { inHand: () => inHand, silentForMs: () => silentForMs, restart: () => void restarts++ };
  const metrics = makeMetrics();
  await lookOnce({ waiting, consumer, random: Math.random, logger: makeLogger({ name: "test", level: "silent" }), metrics });
  const counted = /consumer_restarts_total (\d+)/.exec((await metrics.expose()).body)?.[1] ?? "0";
  expect(Number(counted)).toBe(restarts);
  return restarts;
}

describe("a consumer that takes nothing", () => {
  it("though work is waiting is begun anew, and counted", async () => {
    expect(await restartsWhen({})).toBe(1);
  });
  it("because there is nothing to take is left alone", async () => {
    expect(await restartsWhen({ depth: 0 })).toBe(0);
  });
  it("for a moment only is left alone", async () => {
    expect(await restartsWhen({ silentMs: 1000 })).toBe(0);
  });
  it("because it is at work is left alone", async () => {
    expect(await restartsWhen({ inHand: 1 })).toBe(0);
  });
  it("but begins to while the queue is asked is left alone", async () => {
    expect(await restartsWhen({ wakesWhileAsked: true })).toBe(0);
  });
});
