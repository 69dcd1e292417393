import { describe, expect, it } from "vitest";
import { makeGate } from "../../src/notify/gate.ts";
import { MailDelayed } from "../../src/notify/mail-delayed.ts";

const LONG_MS = 60_000;

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = withResolvers();
  return { work: () => promise, end: resolve };
}

function withResolvers() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("the gate", () => {
  it("lets no more than its slots run side by side, and all in the end", async () => {
    const gate = makeGate({ slots: 3, waitMs: LONG_MS });
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await Promise.all(Array.from({ length: 100 }, () => gate.run(work)));
    expect([most, running]).toEqual([3, 0]);
  });

  it("hands the slot on when work fails", async () => {
    const gate = makeGate({ slots: 1, waitMs: LONG_MS });
    const failing = gate.run(() => Promise.reject(new Error("no")));
    const next = gate.run(async () => "done");
    await expect(failing).rejects.toThrow("no");
    await expect(next).resolves.toBe("done");
  });

  it("turns away who waits too long, as busy, and keeps the slot for others", async () => {
    const gate = makeGate({ slots: 1, waitMs: 5 });
    const first = held();
    const running = gate.run(first.work);
    await expect(gate.run(async () => "late")).rejects.toMatchObject({ because: "busy" });
    first.end();
    await running;
    await expect(gate.run(async () => "on time")).resolves.toBe("on time");
  });

  it("closed, turns away who waits and who comes, and waits for what runs", async () => {
    const gate = makeGate({ slots: 1, waitMs: LONG_MS });
    const first = held();
    const running = gate.run(first.work).then(() => "ended");
    const waiting = gate.run(async () => "never").catch((error: unknown) => error);
    const closing = gate.close();
    expect(await waiting).toBeInstanceOf(MailDelayed);
    await expect(gate.run(async () => "never")).rejects.toBeInstanceOf(MailDelayed);
    first.end();
    await closing;
    expect(await running).toBe("ended");
  });
});
