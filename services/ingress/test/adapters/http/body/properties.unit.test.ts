import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttachmentRefused, BodyTooLarge, MalformedBody, UnsupportedBody } from "../../../../src/adapters/http/body/errors.ts";
import { base64, cut, FORM, form, JSON_TYPE, MULTIPART, multipart, part, read, tripleEncoded } from "./support.ts";

/** Bodies that between them use every encoding, valid and not. */
const CONTENT = Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 37) & 255));
const TRIPLE = tripleEncoded([
  { name: "ü.txt", content: "Hällo" },
  { name: "b.bin", content: CONTENT },
]);
const ESCAPED = base64(JSON.stringify([{ data: base64(CONTENT), name: "a/b.txt", x: [{ y: null }] }]).replaceAll("/", "\\/"));
const SAMPLES: [Buffer, string][] = [
  [Buffer.from(form({ action: "OpenTicket", subject: "a b+ü%", attachments: TRIPLE, "customfields[3]": "x" })), FORM],
  [Buffer.from(`a=%zz%&b[]=1&b[]=%FC&attachments=${ESCAPED}&=&c`), FORM],
  [
    Buffer.from(
      form({
        "attachments[1][name]": "a.bin",
        "attachments[1][data]": base64(CONTENT).replace(/.{76}/g, "$& "),
        "attachments[0][data]": "aGk",
        "attachments[0][name]": "b",
      }),
    ),
    FORM,
  ],
  [Buffer.from(`attachments[0][name]=a+b.bin&attachments[0][data]=${base64(CONTENT)}&z=1`), FORM],
  [Buffer.from("attachments[0]=a.txt&attachments[0]=aGk%3D&a=1"), FORM],
  [Buffer.from("attachments={'1': 'x'}&a=[object Object]"), FORM],
  [
    Buffer.from(
      JSON.stringify({
        a: { b: [1.5, true, null, "\n\u00fc😀"] },
        attachments: [
          { name: "a.bin", data: base64(CONTENT) },
          { data: "", name: "c" },
        ],
        z: 1,
      }),
    ),
    JSON_TYPE,
  ],
  [Buffer.from(`\ufeff{"attachments":${JSON.stringify(ESCAPED)},"m":"x\\u00fcy"}  `), JSON_TYPE],
  [Buffer.from(`${JSON.stringify({ m: 'x\\"'.repeat(20_000), attachments: { 1: { name: "a", data: "aGk=" }, 0: { name: "b", data: "aA" } } })}`), JSON_TYPE],
  [Buffer.from('{"a":[1,2,}'), JSON_TYPE],
  [
    multipart(
      part('name="a"', "--X\r\n--X"),
      part('name="attachments[]"; filename="a.bin"', CONTENT),
      part('name="attachments"', TRIPLE),
      part('name="attachments[]"; filename=""', ""),
    ),
    MULTIPART,
  ],
  [
    multipart(
      part('name="attachments[0][name]"', "a"),
      part('name="attachments[0][data]"', base64(CONTENT)),
      part("name=x; filename*=UTF-8''%e2", "", ["Content-Type: a/b"]),
    ),
    MULTIPART,
  ],
  [part('name="a"', "never ends"), MULTIPART],
];
const sample = fc.constantFrom(...SAMPLES);
const LIMITS = { fields: 40, nesting: 3, attachments: 4, fieldBytes: 100_000 };
/** Limits that one sample or another exceeds. */
const tightLimits = fc.record({
  attachmentBytes: fc.constantFrom(3, 1_000_000),
  bodyBytes: fc.constantFrom(300, 700, 1_000_000),
  fieldBytes: fc.constantFrom(20, 1_000_000),
});
const ERRORS = [BodyTooLarge, UnsupportedBody, MalformedBody, AttachmentRefused];

/** What a caller gets to see: the result, or the kind of error. Everything else fails the test. */
async function outcomeOf(body: readonly Buffer[], contentType: string, limits: object = {}) {
  try {
    const { params, attachments, problems } = await read(body, contentType, { limits: { ...LIMITS, ...limits } });
    return { params, attachments, problems };
  } catch (error) {
    const known = ERRORS.find((kind) => error instanceof kind);
    if (known === undefined) throw error;
    return { refused: known.name };
  }
}

describe("any body", () => {
  it("is read the same however it is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(sample, fc.array(fc.nat(), { maxLength: 40 }), tightLimits, async ([body, contentType], places, limits) => {
        expect(await outcomeOf(cut(body, places), contentType, limits)).toEqual(await outcomeOf([body], contentType, limits));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(SAMPLES.filter(([body]) => body.length < 10_000).map(([body, contentType], index) => [index, contentType, body] as const))(
    "sample %i (%s) is read the same byte by byte, and cut in two anywhere near its ends",
    async (_index, contentType, body) => {
      const whole = await outcomeOf([body], contentType);
      expect(
        await outcomeOf(
          Array.from(body, (byte) => Buffer.from([byte])),
          contentType,
        ),
      ).toEqual(whole);
      for (let place = 1; place < body.length; place += place > 120 && place < body.length - 120 ? 17 : 1) {
        expect(await outcomeOf(cut(body, [place]), contentType)).toEqual(whole);
      }
    },
  );

  it("gives a result or a named error, whatever its bytes are", async () => {
    const contentType = fc.constantFrom(FORM, JSON_TYPE, MULTIPART, "", 'multipart/form-data; boundary="', "x/y");
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(...'attachments[0][name]=&+%{}":,\\u0-X\r\n'), maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, contentType, fc.array(fc.nat(), { maxLength: 5 }), async (content, type, places) => {
        await outcomeOf(cut(Buffer.from(content), places), type);
      }),
      { numRuns: 1_500 },
    );
  });

  it("gives a result or a named error when a valid one was damaged", async () => {
    const change = fc.record({ at: fc.nat(), removed: fc.nat({ max: 30 }), added: fc.uint8Array({ maxLength: 5 }) });
    await fc.assert(
      fc.asyncProperty(
        sample,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        tightLimits,
        fc.array(fc.nat(), { maxLength: 5 }),
        async ([body, type], changes, tight, places) => {
          await outcomeOf(cut(changes.reduce(damage, body), places), type, tight);
        },
      ),
      { numRuns: 1_500 },
    );
  });
});

function damage(body: Buffer, { at, removed, added }: { at: number; removed: number; added: Uint8Array }): Buffer {
  const start = at % (body.length + 1);
  return Buffer.concat([body.subarray(0, start), added, body.subarray(start + removed)]);
}
