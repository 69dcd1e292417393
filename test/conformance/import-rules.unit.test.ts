import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
// @ts-expect-error a CommonJS file without types
import rules from "../../.dependency-cruiser.cjs";

/** The import rules are only worth something when each of them fires: a small tree breaks every one in turn. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-imports-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const BREACHES: Record<string, [importer: string, imported: string]> = {
  "services-stay-apart": ["services/worker/src/a.ts", "services/ingress/src/index.ts"],
  "shared-needs-no-service": ["shared/store/src/a.ts", "services/worker/src/index.ts"],
  "contract-needs-zod-alone": ["shared/contract/src/a.ts", "node_modules/pino/index.js"],
  "store-and-client-need-the-contract-alone": ["shared/store/src/a.ts", "shared/client/src/index.ts"],
  "runtime-knows-no-domain": ["shared/runtime/src/a.ts", "shared/contract/src/index.ts"],
  "mail-touches-nothing": ["shared/mail/src/a.ts", "shared/contract/src/index.ts"],
  "webhooks-know-no-product": ["shared/webhooks/src/a.ts", "shared/store/src/index.ts"],
  "core-is-pure": ["services/worker/src/pipeline/a.ts", "services/worker/src/config.ts"],
  "mail-decisions-are-pure": ["services/worker/src/mail/decide/a.ts", "services/worker/src/mail/b.ts"],
  "edges-stay-apart": ["services/worker/src/queue/a.ts", "services/worker/src/notify/b.ts"],
  "edges-know-no-store": ["services/ingress/src/adapters/http/a.ts", "shared/store/src/index.ts"],
  "client-in-queues": ["services/worker/src/notify/a.ts", "shared/client/src/index.ts"],
  "adapters-stay-apart": ["services/ingress/src/adapters/http/a.ts", "services/ingress/src/adapters/email/b.ts"],
  "nobody-imports-a-main": ["services/worker/src/a.ts", "services/worker/src/main.ts"],
  "packages-by-their-index": ["services/worker/src/a.ts", "shared/store/src/connect.ts"],
  "bullmq-in-queues": ["services/worker/src/pipeline/a.ts", "node_modules/bullmq/index.js"],
  "mongoose-in-the-store": ["services/standalone/src/databases/a.ts", "node_modules/mongoose/index.js"],
  "driver-in-databases": ["services/worker/src/queue/a.ts", "node_modules/mongodb/index.js"],
  "mailauth-in-mail": ["services/worker/src/mail/decide/a.ts", "node_modules/mailauth/index.js"],
  "mailer-in-notify": ["services/worker/src/queue/a.ts", "node_modules/nodemailer/index.js"],
  "servers-in-adapters": ["services/worker/src/queue/a.ts", "node_modules/fastify/index.js"],
  "forms-in-doors": ["shared/webhooks/src/kinds/a.ts", "node_modules/@fastify/busboy/index.js"],
  "expressions-in-webhooks": ["shared/webhooks/src/kinds/a.ts", "node_modules/jsonata/index.js"],
  "no-test-in-production": ["services/worker/src/a.ts", "services/worker/test/b.ts"],
  resolvable: ["services/worker/src/a.ts", "services/worker/src/missing.ts"],
};

describe("import rules", () => {
  it("are all tried here", () => {
    const names = rules.forbidden.map(({ name }: { name: string }) => name);
    expect([...Object.keys(BREACHES), "no-cycles"].sort()).toEqual(names.sort());
  });

  it.each(Object.entries(BREACHES))("%s fires", async (rule, [importer, imported]) => {
    await file(importer, `import "${pathFrom(importer, imported)}";`);
    if (rule !== "resolvable") await file(imported, "export {};");
    expect(await brokenRules()).toContain(rule);
  });

  it("no-cycles fires", async () => {
    await file("services/worker/src/a.ts", 'import "./b.ts";');
    await file("services/worker/src/b.ts", 'import "./a.ts";');
    expect(await brokenRules()).toEqual(["no-cycles"]);
  });

  it("a tree that keeps them breaks none", async () => {
    await file("services/worker/src/queue/a.ts", 'import "../../../../shared/contract/src/index.ts";');
    await file("shared/contract/src/index.ts", "export {};");
    expect(await brokenRules()).toEqual([]);
  });
});

async function brokenRules(): Promise<string[]> {
  const { output } = await cruise(["services", "shared"], { ...rules.options, tsConfig: undefined, ruleSet: rules, validate: true, baseDir: folder });
  const { summary } = output as ICruiseResult;
  return [...new Set(summary.violations.map(({ rule }) => rule.name))];
}

async function file(path: string, content: string): Promise<void> {
  for (const top of ["services", "shared"]) await mkdir(join(folder, top), { recursive: true });
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), `${content}\n`);
}

function pathFrom(importer: string, imported: string): string {
  return imported.startsWith("node_modules/")
    ? (/^node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(imported)?.[1] ?? "")
    : `${"../".repeat(importer.split("/").length - 1)}${imported}`;
}
