import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { AttachmentRefused, BodyAborted, BodyTooLarge } from "../../../../src/adapters/http/body/errors.ts";
import { type ReadBodyDeps, readBody } from "../../../../src/adapters/http/body/read-body.ts";
import { base64, FORM, form, JSON_TYPE, LIMITS, MULTIPART, makeRecordingStore, multipart, part, read, tripleEncoded } from "./support.ts";

const ONE_FILE = form({ action: "OpenTicket", attachments: tripleEncoded([{ name: "a.txt", content: "x".repeat(1_000) }]) });
/** A file that is large enough to be on its way to the store before it is complete. */
const LARGE_FILE = multipart(part('name="attachments[]"; filename="a.bin"', Buffer.alloc(190_000, 1)));
/** A body of a client that sends this much and then waits. */
function stalled(sent: string | Buffer): PassThrough {
  const stream = new PassThrough({ highWaterMark: 1_000_000 });
  stream.write(sent);
  return stream;
}

/** Resolves with the source of the first blob when the store is asked for it; the store itself never answers by itself. */
function makeHangingStore() {
  let opened: (content: AsyncIterable<Uint8Array>) => void = () => {};
  const first = new Promise<AsyncIterable<Uint8Array>>((resolve) => {
    opened = resolve;
  });
  const store = makeRecordingStore();
  const storeBlob: ReadBodyDeps["storeBlob"] = (content, meta) => {
    opened(content);
    return store.storeBlob(content, meta);
  };
  return { first, failed: store.failed, storeBlob };
}

describe("the limit on the body", () => {
  it("counts raw bytes, and refuses the first beyond it", async () => {
    const body = "a=%41%41";
    expect((await read(body, FORM, { limits: { bodyBytes: body.length } })).params).toEqual({ a: "AA" });
    await expect(read(body, FORM, { limits: { bodyBytes: body.length - 1 } })).rejects.toThrow(BodyTooLarge);
    await expect(read(body, FORM, { limits: { bodyBytes: body.length - 1 } })).rejects.toMatchObject({ limitBytes: body.length - 1 });
  });

  it("refuses an announced size before anything is read", async () => {
    const stream = new Readable({
      read() {
        throw new Error("must not be read");
      },
    });
    await expect(
      readBody(stream, { contentType: FORM, contentLength: 2_000_000 }, { limits: LIMITS, storeBlob: makeRecordingStore().storeBlob }),
    ).rejects.toThrow(BodyTooLarge);
  });

  it("stops reading and leaves the stream intact", async () => {
    const stream = stalled("a=1".padEnd(100, "1"));
    const reading = readBody(stream, { contentType: FORM }, { limits: { ...LIMITS, bodyBytes: 50 }, storeBlob: makeRecordingStore().storeBlob });
    await expect(reading).rejects.toThrow(BodyTooLarge);
    expect(stream).toMatchObject({ destroyed: false, readableFlowing: false });
    expect(stream.listenerCount("data") + stream.listenerCount("end") + stream.listenerCount("close")).toBe(new PassThrough().listenerCount("end"));
  });
});

describe("the limit on text", () => {
  const text = Buffer.concat([Buffer.from("["), Buffer.alloc(600, 0x80), Buffer.from("]")]);

  it.each<[string, Buffer, string]>([
    ["a form", Buffer.concat([Buffer.from("a="), text]), FORM],
    ["JSON", Buffer.concat([Buffer.from('{"a":"'), text, Buffer.from('"}')]), JSON_TYPE],
    ["multipart", multipart(part('name="a"', text)), MULTIPART],
  ])("counts what bytes that are no UTF-8 become: %s", async (_, body, type) => {
    expect((await read(body, type, { limits: { fieldBytes: 1900 } })).params.a).toHaveLength(602);
    await expect(read(body, type, { limits: { fieldBytes: 1700 } })).rejects.toThrow(BodyTooLarge);
  });
});

describe("the limits on attachments", () => {
  const files = (...sizes: number[]) => form({ attachments: tripleEncoded(sizes.map((size, index) => ({ name: `${index}.txt`, content: "x".repeat(size) }))) });

  it.each([
    ["too-many", files(1, 1, 1), { attachments: 2 }],
    ["too-large", files(5, 11), { attachmentBytes: 10 }],
    ["too-large-together", files(6, 6), { attachmentTotalBytes: 11 }],
    ["extension-not-allowed", files(1), { attachmentExtensions: ["pdf"] }],
    ["extension-not-allowed", form({ attachments: tripleEncoded([{ name: "noextension", content: "" }]) }), { attachmentExtensions: ["pdf"] }],
  ])("refuse what is %s", async (reason, body, limits) => {
    const refusal = read(body, FORM, { limits });
    await expect(refusal).rejects.toThrow(AttachmentRefused);
    await expect(refusal).rejects.toMatchObject({ reason });
  });

  it("hold for file parts before a byte of them is stored", async () => {
    const store = makeRecordingStore();
    const body = multipart(part('name="attachments[]"; filename="a.exe"', "MZ"));
    await expect(read(body, MULTIPART, { limits: { attachmentExtensions: ["pdf", "txt"] }, storeBlob: store.storeBlob })).rejects.toThrow(AttachmentRefused);
    expect(store.blobs.size + store.failed.length).toBe(0);
  });

  it("let through what is exactly as large, and extensions in any case", async () => {
    const limits = { attachments: 2, attachmentBytes: 10, attachmentTotalBytes: 20, attachmentExtensions: ["txt"] };
    expect((await read(files(10, 10), FORM, { limits })).files).toHaveLength(2);
  });

  it("end the content of a file that is being stored with the refusal", async () => {
    const store = makeRecordingStore();
    await expect(read(LARGE_FILE, MULTIPART, { limits: { attachmentBytes: 150_000 }, storeBlob: store.storeBlob })).rejects.toThrow(AttachmentRefused);
    expect(store.failed).toEqual([expect.any(AttachmentRefused)]);
  });
});

describe("a client that goes away", () => {
  it("ends the reading of a body, and the content of a file that is being stored", async () => {
    const store = makeHangingStore();
    const stream = stalled(LARGE_FILE.subarray(0, 100_000));
    const reading = readBody(stream, { contentType: MULTIPART }, { limits: LIMITS, storeBlob: store.storeBlob });
    await store.first;
    stream.destroy(new Error("ECONNRESET"));
    await expect(reading).rejects.toThrow(BodyAborted);
    await expect(reading).rejects.toMatchObject({ cause: { message: "ECONNRESET" } });
    expect(store.failed).toEqual([expect.any(BodyAborted)]);
  });

  it("is noticed without an error, before the first byte, and when it had gone before", async () => {
    const deps = { limits: LIMITS, storeBlob: makeRecordingStore().storeBlob };
    const stream = new PassThrough();
    const reading = readBody(stream, { contentType: FORM }, deps);
    stream.destroy();
    await expect(reading).rejects.toThrow(BodyAborted);
    await expect(readBody(stream, { contentType: FORM }, deps)).rejects.toThrow(BodyAborted);
  });

  it("is noticed while the question before the first blob is open", async () => {
    const stream = stalled(LARGE_FILE.subarray(0, 100_000));
    const beforeFirstBlob = () => {
      stream.destroy();
      return new Promise<void>(() => {});
    };
    await expect(readBody(stream, { contentType: MULTIPART }, { limits: LIMITS, storeBlob: makeRecordingStore().storeBlob, beforeFirstBlob })).rejects.toThrow(
      BodyAborted,
    );
  });
});

describe("a blob store that fails", () => {
  it.each([
    ["at once", () => Promise.reject(new Error("store is down"))],
    [
      "by throwing",
      () => {
        throw new Error("store is down");
      },
    ],
  ])("%s ends the reading with its own error, while the client still sends", async (_how, storeBlob) => {
    const reading = readBody(stalled(LARGE_FILE.subarray(0, 100_000)), { contentType: MULTIPART }, { limits: LIMITS, storeBlob });
    await expect(reading).rejects.toThrow("store is down");
  });

  it("ends the content of the other files", async () => {
    const other = makeHangingStore();
    let calls = 0;
    const storeBlob: ReadBodyDeps["storeBlob"] = async (content, meta) => {
      if (++calls === 2) return other.storeBlob(content, meta);
      await other.first;
      throw new Error("store is down");
    };
    const stream = stalled(Buffer.concat([part('name="attachments[]"; filename="b.bin"', "first"), LARGE_FILE.subarray(0, 100_000)]));
    await expect(readBody(stream, { contentType: MULTIPART }, { limits: LIMITS, storeBlob })).rejects.toThrow("store is down");
    expect(other.failed).toMatchObject([{ message: "store is down" }]);
  });

  it("is not believed when it kept less than it was given", async () => {
    const storeBlob = () => Promise.resolve({ sha256: "0".repeat(64), size: 1 });
    await expect(read(ONE_FILE, FORM, { storeBlob })).rejects.toThrow("the blob store kept 1 bytes of 1000");
  });
});

describe("a file that cannot be read", () => {
  it("ends the content that is being stored, and the request goes on", async () => {
    const store = makeRecordingStore();
    const json = `{"attachments":[{"name":"a.bin","data":"${base64(Buffer.alloc(150_000))}!"},{"name":"b.bin","data":"aGk="}],"after":1}`;
    const { params, problems, attachments } = await read(json, JSON_TYPE, { storeBlob: store.storeBlob });
    expect({ params, attachments }).toEqual({ params: { after: 1 }, attachments: [] });
    expect(problems).toHaveLength(1);
    expect(store.failed).toMatchObject([{ name: "BlobAbandoned" }]);
    expect(store.blobs.size).toBe(0);
  });
});

describe("the question before the first blob", () => {
  it("is asked once, with the parameters that came before", async () => {
    const asked: unknown[] = [];
    const beforeFirstBlob = async (params: Record<string, unknown>) => {
      asked.push({ ...params });
    };
    const fields = part('name="identifier"', "me");
    const file = part('name="attachments[]"; filename="a.txt"', "x");
    await read([Buffer.concat([fields, file]), multipart(part('name="later"', "1"), file)], MULTIPART, { beforeFirstBlob });
    await read(form({ identifier: "me", "customfields[1]": "x" }), FORM, { beforeFirstBlob });
    expect(asked).toEqual([{ identifier: "me" }]);
  });

  it("ends the request with its own error, before anything is stored", async () => {
    const store = makeRecordingStore();
    const beforeFirstBlob = () => Promise.reject(new Error("Authentication Failed"));
    await expect(read(ONE_FILE, FORM, { beforeFirstBlob, storeBlob: store.storeBlob })).rejects.toThrow("Authentication Failed");
    expect(store.blobs.size + store.failed.length).toBe(0);
  });
});
