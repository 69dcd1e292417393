import { expect, it, vi } from "vitest";
import { peakWhile } from "./peak.ts";

it("finds the highest of each figure while the work is done", async () => {
  let held = 1;
  const figure = vi.fn(async () => held);
  const work = async () => {
    held = 9;
    await vi.waitFor(() => expect(figure).toHaveResolvedWith(9));
    held = 2;
  };
  expect(await peakWhile([figure, () => 5], work)).toEqual([9, 5]);
});

it("fails with the work", async () => {
  const work = () => Promise.reject(new Error("refused"));
  await expect(peakWhile([() => 1], work)).rejects.toThrow("refused");
});
