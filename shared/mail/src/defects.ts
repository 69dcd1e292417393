import { MAX_DEFECTS } from "./limits.ts";

/** What is odd about a message, in words, each said once. */
export interface Defects {
  note(words: string): void;
  list(): string[];
}

/** See {@link Defects}; at most {@link MAX_DEFECTS}. */
export function makeDefects(): Defects {
  const noted = new Set<string>();
  return {
    note(words) {
      if (noted.size < MAX_DEFECTS) noted.add(words);
    },
    list: () => [...noted],
  };
}
