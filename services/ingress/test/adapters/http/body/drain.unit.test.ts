import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { drain } from "../../../../src/adapters/http/body/drain.ts";
import { readBody } from "../../../../src/adapters/http/body/read-body.ts";
import { FORM, LIMITS, makeRecordingStore } from "./support.ts";

const GENEROUS = { maxBytes: 1_000_000, maxMs: 60_000 };

describe("draining a refused body", () => {
  it("reads what is left after a refusal, and leaves the stream whole", async () => {
    const stream = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(1_000, "a")));
    const deps = { limits: { ...LIMITS, bodyBytes: 5_000 }, storeBlob: makeRecordingStore().storeBlob };
    await expect(readBody(stream, { contentType: FORM }, deps)).rejects.toThrow();
    expect(await drain(stream, GENEROUS)).toBe("ended");
    expect(stream.readableEnded).toBe(true);
  });

  it("cuts a client that sends too much, or too long", async () => {
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(1_000));
      },
    });
    expect(await drain(endless, { maxBytes: 10_000, maxMs: 60_000 })).toBe("cut");
    expect(endless.destroyed).toBe(true);
    expect(await drain(new PassThrough(), { maxBytes: 10_000, maxMs: 1 })).toBe("cut");
  });

  it("ends with a client that goes away, however it does", async () => {
    const stream = new PassThrough();
    const draining = drain(stream, GENEROUS);
    stream.destroy(new Error("ECONNRESET"));
    expect(await draining).toBe("ended");
    expect(await drain(stream, GENEROUS)).toBe("ended");
  });
});
