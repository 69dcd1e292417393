/** As many characters are looked at. Random bytes are one tenth control characters, and nearly half is no character at all. */
const SAMPLE_CHARS = 4_096;
const CONTROL_SHARE = 0.05;
const ODD_SHARE = 0.3;

/** True for a text that is data in truth. One in a charset that was not understood is none: it has no control characters. */
export function isBinary(text: string): boolean {
  const sample = text.slice(0, SAMPLE_CHARS);
  const controls = sample.match(/[^\P{Cc}\t\n\r\f\u0080-\u009f]/gu)?.length ?? 0;
  const broken = sample.match(/[\ufffd\u0080-\u009f]/g)?.length ?? 0;
  return controls > sample.length * CONTROL_SHARE && controls + broken > sample.length * ODD_SHARE;
}
