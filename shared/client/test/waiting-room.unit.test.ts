import { describe, expect, it } from "vitest";
import { TooManyWaiting } from "../src/errors.ts";
import { makeWaitingRoom } from "../src/waiting-room.ts";

const late = () => new Error("late");

describe("the waiting room", () => {
  it("calls everybody who waits for a name, once", async () => {
    const room = makeWaitingRoom<number>({ capacity: 3 });
    const waits = [room.enter("a", { timeoutMs: 1000, late }), room.enter("a", { timeoutMs: 1000, late })];
    expect(room.call("a", 7)).toBe(true);
    expect(room.call("a", 8)).toBe(false);
    expect(await Promise.all(waits.map(({ arrived }) => arrived))).toEqual([7, 7]);
    expect(room.size()).toBe(0);
  });

  it("has room again after a caller gave up, and is emptied by time", async () => {
    const room = makeWaitingRoom<number>({ capacity: 1 });
    const first = room.enter("a", { timeoutMs: 1000, late });
    expect(() => room.enter("b", { timeoutMs: 1000, late })).toThrow(TooManyWaiting);
    first.giveUp(new Error("no queue"));
    await expect(first.arrived).rejects.toThrow("no queue");
    await expect(room.enter("b", { timeoutMs: 1, late }).arrived).rejects.toThrow("late");
    expect(room.size()).toBe(0);
    expect(room.call("b", 1)).toBe(false);
  });

  it("ends every wait when it is closed", async () => {
    const room = makeWaitingRoom<number>({ capacity: 10 });
    const { arrived } = room.enter("a", { timeoutMs: 1000, late });
    room.closeAll();
    await expect(arrived).rejects.toThrow("late");
  });
});
