import { makeRandom as makeChances } from "../chaos/random.ts";

/** Choices that look random and are the same for the same seed. */
export interface Random {
  /** 0 up to, but not including, `limit`; 0 for a limit of 0. */
  below(limit: number): number;
  of<T>(values: readonly T[]): T;
}

/** See {@link Random}. */
export function makeRandom(seed: number): Random {
  const { next } = makeChances(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    of(values) {
      const value = values[below(values.length)];
      if (value === undefined) throw new Error("nothing to choose from");
      return value;
    },
  };
}
