import type { FolderProgress } from "@openticket/contract";
import { beforeEach, describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import type { MailFolders } from "../../src/index.ts";

const LONG_MS = 60_000;
const progress: FolderProgress = { uidValidity: "7", floor: 3, settled: [[5, 9]], failing: [{ uid: 4, tries: 2, retryAt: new Date(1000) }] };

/** What every store of mail folders must do. `makeFolders` gives an empty one, by a clock that runs. */
export function mailFoldersSuite(makeFolders: () => Promise<MailFolders>): void {
  let folders: MailFolders;
  beforeEach(async () => {
    folders = await makeFolders();
  });

  describe("a folder's lease", () => {
    it("is one process's, with a higher token each time", async () => {
      const first = await folders.take("a/INBOX", "one", LONG_MS);
      expect(first).toMatchObject({ token: 1, progress: { uidValidity: "", floor: 0, settled: [], failing: [] } });
      expect(await folders.take("a/INBOX", "two", LONG_MS)).toBeUndefined();
      expect(await folders.take("a/INBOX", "one", LONG_MS)).toMatchObject({ token: 2, knownSince: first?.knownSince });
    });

    it("is taken by exactly one of many who ask at once", async () => {
      const asking = Array.from({ length: 20 }, (_, index) => folders.take("a/INBOX", `process ${index}`, LONG_MS));
      expect((await Promise.all(asking)).filter(Boolean)).toHaveLength(1);
    });

    it("of one folder says nothing about another", async () => {
      await folders.take("a/INBOX", "one", LONG_MS);
      expect(await folders.take("a/Other", "two", LONG_MS)).toMatchObject({ token: 1 });
    });

    it("runs out, and then the earlier holder can write nothing", async () => {
      await folders.take("a/INBOX", "one", 1);
      const second = await until("the lease's end", () => folders.take("a/INBOX", "two", LONG_MS));
      expect(second.token).toBe(2);
      expect(await folders.renew("a/INBOX", 1, LONG_MS)).toBe(false);
      expect(await folders.save("a/INBOX", 1, progress, [])).toBe(false);
      await folders.release("a/INBOX", 1);
      expect(await folders.take("a/INBOX", "three", LONG_MS)).toBeUndefined();
      expect(await folders.renew("a/INBOX", 2, LONG_MS)).toBe(true);
    });

    it("is renewed", async () => {
      const lease = await folders.take("a/INBOX", "one", 1);
      expect(await folders.renew("a/INBOX", lease?.token ?? 0, LONG_MS)).toBe(true);
      expect(await folders.take("a/INBOX", "two", LONG_MS)).toBeUndefined();
    });

    it("that is given back is free at once, with its progress", async () => {
      await folders.take("a/INBOX", "one", LONG_MS);
      const skipped = [{ uidValidity: "7", uid: 2, reason: "too-large", size: 9, at: new Date(2000) }];
      expect(await folders.save("a/INBOX", 1, { ...progress, since: new Date(5000) }, skipped)).toBe(true);
      expect(await folders.save("a/INBOX", 1, progress, [])).toBe(true);
      await folders.release("a/INBOX", 1);
      const next = await folders.take("a/INBOX", "two", LONG_MS);
      expect(next?.token).toBe(2);
      expect(next?.progress).toEqual(progress);
      await folders.take("a/Free", "two", 1);
      await until("the lease's end", async () => (await folders.all())[0]?.holder === undefined);
      expect(await folders.all()).toEqual([
        { folder: "a/Free", uidValidity: "", floor: 0, settled: [], failing: [], skipped: [] },
        { folder: "a/INBOX", holder: "two", ...progress, skipped },
      ]);
    });
  });
}
