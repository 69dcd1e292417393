import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { readBody } from "../../../../src/adapters/http/body/read-body.ts";
import { FORM, LIMITS } from "./support.ts";

const FILE_BYTES = 30 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;
/** What may be held at any time: far less than the file, and more than the collector leaves lying about. */
const MAX_GROWTH_BYTES = 32 * MEBIBYTE;
/** A multiple of 9, so that both layers of base64 can be made piece by piece. */
const STEP_BYTES = 9 * 3 * 1024;
/** Pieces in flight may be this far ahead of what the store has taken, raw. */
const MAX_AHEAD_BYTES = 4 * MEBIBYTE;

describe("a file of 30 MiB in base64 of JSON of base64, urlencoded, with a slow store", () => {
  it("passes through in little memory, no faster than it is stored", async () => {
    const sent = { bytes: 0 };
    let storedBytes = 0;
    let peakBytes = 0;
    let farthestAheadBytes = 0;
    const storeBlob = async (content: AsyncIterable<Uint8Array>) => {
      for await (const part of content) {
        storedBytes += part.length;
        await setImmediate();
        peakBytes = Math.max(peakBytes, usedBytes());
        farthestAheadBytes = Math.max(farthestAheadBytes, sent.bytes - storedBytes);
      }
      return { sha256: "0".repeat(64), size: storedBytes };
    };
    const limits = { ...LIMITS, bodyBytes: 100 * MEBIBYTE, attachmentBytes: FILE_BYTES, attachmentTotalBytes: FILE_BYTES };
    const body = Readable.from(tripleEncodedBody(sent), { highWaterMark: 1 });
    const startBytes = usedBytes();
    const { attachments, problems } = await readBody(body, { contentType: FORM }, { limits, storeBlob });
    expect(problems).toEqual([]);
    expect(attachments).toMatchObject([{ name: "a.bin", size: FILE_BYTES }]);
    expect(farthestAheadBytes).toBeLessThan(MAX_AHEAD_BYTES);
    expect(peakBytes - startBytes).toBeLessThan(MAX_GROWTH_BYTES);
  }, 60_000);
});

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Made while it is read; `sent.bytes` is how much of the file was made so far. */
function* tripleEncodedBody(sent: { bytes: number }): Generator<Buffer> {
  const outer = (text: string) => Buffer.from(encodeURIComponent(Buffer.from(text).toString("base64")));
  // Each text is a multiple of three characters long, so that its base64 can be followed by more.
  yield Buffer.from("action=OpenTicket&attachments=");
  yield outer('[{"name":"a.bin", "data":"'.padStart(27));
  for (; sent.bytes < FILE_BYTES; sent.bytes += STEP_BYTES) {
    const step = Buffer.alloc(Math.min(STEP_BYTES, FILE_BYTES - sent.bytes), sent.bytes % 251);
    const isLast = step.length < STEP_BYTES;
    if (!isLast) yield outer(step.toString("base64"));
    if (isLast) {
      sent.bytes += step.length;
      yield outer(`${step.toString("base64")}"}]`);
      return;
    }
  }
}
