import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const SCRIPTS = fileURLToPath(new URL("../../scripts/lib", import.meta.url));
const TOOL = { name: "tool", version: "1.0.0" };
const PRODUCT = { name: "product", version: "1.0.0", devDependencies: { tool: "file:tool" } };
const LOCK = {
  ...PRODUCT,
  lockfileVersion: 3,
  requires: true,
  packages: { "": PRODUCT, "node_modules/tool": { resolved: "tool", link: true }, tool: { version: TOOL.version, dev: true } },
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "openticket-install-"));
  await cp(SCRIPTS, join(root, "scripts/lib"), { recursive: true });
  await mkdir(join(root, "tool"));
  const files = { "package.json": PRODUCT, "package-lock.json": LOCK, "tool/package.json": TOOL };
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), JSON.stringify(content));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it("the tools of the build are installed in a shell of NODE_ENV=production as well", () => {
  const install = 'import("./scripts/lib/install.mjs").then(({ ensureInstalled }) => ensureInstalled())';
  const { PATH, HOME } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ["-e", install], { cwd: root, env: { PATH, HOME, NODE_ENV: "production" }, encoding: "utf8" });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(existsSync(join(root, "node_modules/tool/package.json"))).toBe(true);
});
