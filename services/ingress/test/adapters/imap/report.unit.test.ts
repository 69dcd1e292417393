import { makeLogger, makeMetrics } from "@openticket/runtime";
import { expect, it } from "vitest";
import { makeFolderReports } from "../../../src/adapters/imap/report.ts";

it("faults of a folder are counted from zero, so that the first of them shows", async () => {
  const metrics = makeMetrics();
  const { watch } = makeFolderReports({ logger: makeLogger({ name: "test", level: "silent" }), metrics, nowMs: () => 0 }).of({ key: "a/INBOX" });
  const count = async () => /imap_faults_total\{folder="a\/INBOX",kind="own"\} (\d+)/.exec((await metrics.expose()).body)?.[1];
  expect(await count()).toBe("0");
  watch.ended(new Error("away"), 1000);
  expect(await count()).toBe("1");
});
