import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { makeMetrics } from "../src/metrics.ts";

const BUSY_MS = 60;

it("tell how long the event loop was at work, and no lag that is a timer's own interval", async () => {
  const metrics = makeMetrics({ withProcess: true });
  const activeSeconds = async () => Number(/^openticket_event_loop_active_seconds_total (\S+)$/m.exec((await metrics.expose()).body)?.[1]);
  await sleep(1);
  const before = await activeSeconds();
  const until = performance.now() + BUSY_MS;
  while (performance.now() < until);
  expect(await activeSeconds()).toBeGreaterThanOrEqual(before + BUSY_MS / 1000);
  const { body } = await metrics.expose();
  expect(body).toContain("process_cpu_seconds_total");
  expect(body).not.toMatch(/nodejs_eventloop_lag_\w+_seconds/);
});

it("one name has one kind and the same labels, wherever it is asked for", () => {
  const metrics = makeMetrics();
  metrics.counter("calls_total", "h", ["door"]).inc({ door: "a" });
  expect(metrics.counter("calls_total", "h", ["door"])).toBe(metrics.counter("calls_total", "h", ["door"]));
  expect(() => metrics.counter("calls_total", "h", ["result"])).toThrow("openticket_calls_total is a counter by [door] already");
  expect(() => metrics.gauge("calls_total", "h", () => 1)).toThrow("cannot be a gauge");
});
