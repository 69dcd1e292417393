import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchPace } from "../../../src/adapters/email/slow-senders.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Seconds after which a message is given up that has so many bytes each second; undefined: not within ten minutes. */
function givenUpAfter(bytesPerSecond: number, { timeoutMs = 900_000, minBytesPerSecond = 100 } = {}): number | undefined {
  const stream = Object.assign(new PassThrough(), { byteLength: 0 });
  let isLate = false;
  const stop = watchPace(stream, { timeoutMs, minBytesPerSecond }, () => {
    expect(isLate).toBe(false);
    isLate = true;
  });
  for (let second = 1; second <= 600; second++) {
    stream.byteLength += bytesPerSecond;
    vi.advanceTimersByTime(1000);
    if (isLate) return second;
  }
  stop();
  return undefined;
}

describe("a message on its way", () => {
  it.each([
    ["may come slowly for half a minute, then not", 99, {}, 30],
    ["may come as slowly as is allowed", 100, {}, undefined],
    ["may come as slowly as it likes where nothing is asked", 0, { minBytesPerSecond: 0 }, undefined],
    ["has its time, however fast it comes", 1_000_000, { timeoutMs: 60_000 }, 60],
  ])("%s", (_what, pace, options, expected) => {
    expect(givenUpAfter(pace, options)).toBe(expected);
  });

  it("is watched no longer than it lasts", () => {
    const stream = Object.assign(new PassThrough(), { byteLength: 0 });
    const onLate = vi.fn();
    watchPace(stream, { timeoutMs: 1000, minBytesPerSecond: 0 }, onLate);
    stream.emit("end");
    vi.advanceTimersByTime(10_000);
    expect(onLate).not.toHaveBeenCalled();
  });
});
