import { makeMemoryBlobStore } from "@openticket/store";
import { expect, it } from "vitest";
import { stageFiles } from "../../../../src/adapters/http/api-php/staged-files.ts";

const META = { maxBytes: 100 };
async function* content(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

it("what is wanted is published, and the rest is not", async () => {
  const store = makeMemoryBlobStore();
  const files = stageFiles(store);
  const [a, b] = await Promise.all(["a", "b"].map((text) => files.stage(content(text), META)));
  expect(await store.has(a?.sha256 ?? "")).toBeUndefined();
  await files.publish([{ name: "a.txt", contentType: "text/plain", size: 1, sha256: a?.sha256 ?? "" }]);
  await files.discard();
  expect([await store.has(a?.sha256 ?? ""), await store.has(b?.sha256 ?? "")]).toEqual([{ size: 1 }, undefined]);
});

it("what is staged only after the call is over is discarded as well", async () => {
  const discarded: string[] = [];
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const files = stageFiles({
    async stage() {
      await arrived;
      return { sha256: "late", size: 1, publish: async () => {}, discard: async () => void discarded.push("late") };
    },
  });
  const staging = files.stage(content("late"), META);
  await files.discard();
  arrive();
  await staging;
  expect(discarded).toEqual(["late"]);
});
