import type { JobProgress } from "bullmq";
import { describe, expect, it } from "vitest";
import { surviving } from "../../src/queue/suspects.ts";

const full = new Error("OOM command not allowed");

/** A suspect beside whose job one worker died; its notes in the order in which Redis has taken them, `faults[n]` of the n-th. */
function start(...faults: (Error | undefined)[]) {
  const notes: JobProgress[] = [];
  const notAcquitted: unknown[] = [];
  let count = 0;
  const job = {
    progress: { deaths: 1 } as JobProgress,
    async updateProgress(progress: JobProgress) {
      const fault = faults[count++];
      if (fault) throw fault;
      notes.push(progress);
    },
  };
  const deps = { sleep: async () => undefined, onNotAcquitted: (error: unknown) => void notAcquitted.push(error) };
  const tryIt = <T>(work: () => Promise<T>) => surviving(job, work, deps);
  return { notes, notAcquitted, tryIt };
}

describe("a suspect that its worker survives", () => {
  it("is acquitted though Redis does not take that at once", async () => {
    const { notes, notAcquitted, tryIt } = start(undefined, full);
    expect(await tryIt(async () => "decided")).toBe("decided");
    expect(notes).toMatchObject([{ deaths: 2 }, { deaths: 1 }]);
    expect(notAcquitted).toEqual([]);
  });

  it("comes to what it came to, also when that is never taken", async () => {
    const { notAcquitted, tryIt } = start(undefined, full, full, full);
    expect(await tryIt(async () => "decided")).toBe("decided");
    expect(notAcquitted).toEqual([full]);
  });

  it("fails of its own fault, not of Redis'", async () => {
    const { tryIt } = start(undefined, full, full, full);
    await expect(tryIt(() => Promise.reject(new Error("a bug")))).rejects.toThrow("a bug");
  });

  it("is not tried without a note", async () => {
    const { tryIt, notAcquitted } = start(full);
    let isTried = false;
    await expect(
      tryIt(async () => {
        isTried = true;
      }),
    ).rejects.toBe(full);
    expect([isTried, notAcquitted]).toEqual([false, []]);
  });
});
