import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeRoom } from "../../src/outbox/room.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let elapsed = 0;
const aRoom = () => makeRoom({ places: 2, soonMs: 2000, waitMs: 3000, gatherMs: 10, paceMs: 1000, elapsedMs: () => elapsed });

/** What became of each entry so far, in order; undefined while it waits. */
function entries(room: ReturnType<typeof aRoom>, count: number): (boolean | undefined)[] {
  const outcomes: (boolean | undefined)[] = new Array(count).fill(undefined);
  for (let n = 0; n < count; n++) void room.enter().then((outcome) => (outcomes[n] = outcome));
  return outcomes;
}
const settle = () => vi.advanceTimersByTimeAsync(0);

describe("a room", () => {
  it("gives its places at once, and those that become free together to those who have waited longest", async () => {
    const room = aRoom();
    const outcomes = entries(room, 5);
    await settle();
    expect(outcomes).toEqual([true, true, undefined, undefined, undefined]);
    room.leave(true);
    await vi.advanceTimersByTimeAsync(9);
    room.leave(true);
    expect(outcomes.slice(2)).toEqual([undefined, undefined, undefined]);
    await vi.advanceTimersByTimeAsync(1);
    expect(outcomes).toEqual([true, true, true, true, undefined]);
  });

  it("lets nobody past those who wait", async () => {
    const room = aRoom();
    const outcomes = entries(room, 3);
    await settle();
    room.leave(true);
    const later = entries(room, 1);
    await vi.advanceTimersByTimeAsync(10);
    expect([...outcomes, ...later]).toEqual([true, true, true, undefined]);
  });

  it("lets nobody wait longer than it is soon behind a room that has just become full: it may be one of a relay that hangs", async () => {
    const room = aRoom();
    entries(room, 1);
    await settle();
    room.leave(true);
    elapsed += 1000;
    const outcomes = entries(room, 3);
    await vi.advanceTimersByTimeAsync(1999);
    expect(outcomes[2]).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(outcomes[2]).toBe(false);
  });

  it("has more patience with the first: their relay has to connect, and its thread to start", async () => {
    const outcomes = entries(aRoom(), 3);
    await vi.advanceTimersByTimeAsync(2999);
    expect(outcomes[2]).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(outcomes[2]).toBe(false);
  });

  it("lets nobody wait while no place becomes free", async () => {
    const room = aRoom();
    entries(room, 2);
    await settle();
    elapsed += 3000;
    const late = entries(room, 1);
    await settle();
    expect(late).toEqual([false]);
    room.leave(true);
    const next = entries(room, 2);
    await settle();
    expect(next).toEqual([true, undefined]);
  });

  it("lets wait only who gets a place soon, at the pace at which places became free of late", async () => {
    const room = aRoom();
    entries(room, 2);
    await settle();
    elapsed += 1000;
    room.leave(true);
    entries(room, 1);
    elapsed += 1000;
    const outcomes = entries(room, 3);
    await settle();
    expect(outcomes).toEqual([undefined, undefined, false]);
    await vi.advanceTimersByTimeAsync(2999);
    expect(outcomes).toEqual([undefined, undefined, false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(outcomes).toEqual([false, false, false]);
    elapsed += 1000;
    expect(await room.enter()).toBe(false);
  });

  it("lets all wait behind a room that has just become full: few had left because few had come", async () => {
    const room = aRoom();
    entries(room, 1);
    await settle();
    for (let n = 0; n < 5; n++) {
      elapsed += 1000;
      entries(room, 1);
      await settle();
      room.leave(true);
    }
    const outcomes = entries(room, 10);
    await settle();
    expect(outcomes).toEqual([true, ...new Array(9).fill(undefined)]);
  });

  it("takes no failure for a pace: nobody waits behind a relay that hangs, whenever its mails are given up", async () => {
    const room = aRoom();
    entries(room, 2);
    await settle();
    room.leave(true);
    entries(room, 1);
    await settle();
    elapsed += 60_000;
    for (let n = 0; n < 2; n++) room.leave(false);
    const outcomes = entries(room, 4);
    await settle();
    expect(outcomes).toEqual([true, true, false, false]);
  });

  it("is not stalled for having been empty", async () => {
    const room = aRoom();
    elapsed += 60_000;
    const outcomes = entries(room, 3);
    await settle();
    expect(outcomes).toEqual([true, true, undefined]);
  });

  it("turns everybody away once it is closed", async () => {
    const room = aRoom();
    const outcomes = entries(room, 3);
    await settle();
    room.close();
    const late = entries(room, 1);
    await settle();
    expect([...outcomes, ...late]).toEqual([true, true, false, false]);
  });
});
