import { expect, it } from "vitest";
import { makeLineOutput } from "../src/standard-output.ts";

/** An output that takes so many bytes at a time, or fails in that way, and then everything. */
function outputOf(...answers: (number | string)[]) {
  const state = { written: "", pauses: 0 };
  const write = (bytes: Buffer) => {
    const answer = answers.shift() ?? bytes.length;
    if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
    state.written += bytes.subarray(0, answer).toString();
    return answer;
  };
  const pause = () => {
    state.pauses += 1;
  };
  return { state, output: makeLineOutput(write, pause) };
}

it("writes the rest of lines that were taken in part, and waits for a pipe that is full for the moment", () => {
  const { state, output } = outputOf(3, "EAGAIN", 2);
  output.write("first\nsecond\n");
  expect(state).toEqual({ written: "first\nsecond\n", pauses: 1 });
  expect(output.dropped()).toBe(0);
});

it("begins a new line behind one that was cut off, and counts what nobody can read", () => {
  const { state, output } = outputOf(8, "ENOSPC", "ENOSPC");
  output.write("first\nsecond\nthird\n");
  expect(output.dropped()).toBe(2);
  output.write("fourth\n");
  expect(output.dropped()).toBe(3);
  output.write("fifth\n");
  expect(state.written).toBe("first\nse\nfifth\n");
  expect(output.dropped()).toBe(3);
});

it("gives up lines that nobody takes in time", () => {
  const { state, output } = outputOf(...Array.from({ length: 100 }, () => "EAGAIN"));
  output.write("first\n");
  output.write("second\n");
  expect(state).toEqual({ written: "second\n", pauses: 100 });
  expect(output.dropped()).toBe(1);
});
