import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { gatherTurn } from "../src/gather-turn.ts";

describe("what is gathered in a turn", () => {
  it("is handed on together and in order when the turn ends, and never twice", async () => {
    const handedOn: number[][] = [];
    const { add } = gatherTurn<number>((items) => handedOn.push(items));
    add(1);
    await Promise.resolve();
    add(2);
    expect(handedOn).toEqual([]);
    await nextTurn();
    add(3);
    await nextTurn();
    await nextTurn();
    expect(handedOn).toEqual([[1, 2], [3]]);
  });

  it("is handed on at once when that is asked for, and nothing is handed on for nothing", async () => {
    const handedOn: number[][] = [];
    const { add, flush } = gatherTurn<number>((items) => handedOn.push(items));
    flush();
    add(1);
    flush();
    expect(handedOn).toEqual([[1]]);
    add(2);
    await nextTurn();
    expect(handedOn).toEqual([[1], [2]]);
  });
});
