import { defineConfig } from "vitest/config";

/** Workspaces and the tests of the whole; the level of a test is in its name. */
const testsOf = (level: string) => ["services/*/test", "shared/*/test", "test"].map((folder) => `${folder}/**/*.${level}.test.ts`);
/** These look at the memory of their process, which is theirs alone. */
const ALONE = ["shared/mail/test/poison.unit.test.ts", "services/ingress/test/adapters/http/body/memory.unit.test.ts"];
/** Of whole products, those that need the machine for themselves (the memory of a door, a silent Redis), or fill the Redis of all. */
const WHOLE_ALONE = ["webhook-memory", "redis-silent", "back-pressure", "redis-full"].map((name) => `test/e2e/${name}.e2e.test.ts`);
/** Files at once. Left alone, two cores would mean one. */
const SIDE_BY_SIDE = 2;
/** Of those with servers, which they wait for most of the time. */
const SERVERS_SIDE_BY_SIDE = 3;
/** Real servers, started once for the whole run and only when a test of these levels is in it. */
const servers = ["test/support/global-setup.ts"];

/** Of a test with real servers, which a busy machine may keep waiting; the reporter says which one needed it, and why. */
const RETRIES = 1;
const units = { testTimeout: 30_000, maxWorkers: SIDE_BY_SIDE, sequence: { groupOrder: 0 } };
/** What tests of the whole product need. */
const wholeProducts = { globalSetup: servers, testTimeout: 120_000, hookTimeout: 60_000, retry: RETRIES };

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/reporter.ts"],
    pool: "forks",
    // Files of one process share its modules: loading them anew for each file was a third of the unit tests' time.
    isolate: false,
    projects: [
      { extends: true, test: { name: "unit", include: testsOf("unit"), exclude: ALONE, ...units } },
      { extends: true, test: { name: "unit-alone", include: ALONE, ...units, isolate: true } },
      {
        extends: true,
        test: {
          name: "int",
          include: testsOf("int"),
          globalSetup: servers,
          testTimeout: 60_000,
          hookTimeout: 30_000,
          retry: RETRIES,
          maxWorkers: SERVERS_SIDE_BY_SIDE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: testsOf("e2e"),
          exclude: WHOLE_ALONE,
          maxWorkers: SERVERS_SIDE_BY_SIDE,
          sequence: { groupOrder: 2 },
          ...wholeProducts,
        },
      },
      { extends: true, test: { name: "e2e-alone", include: WHOLE_ALONE, maxWorkers: 1, sequence: { groupOrder: 3 }, ...wholeProducts } },
    ],
  },
});
