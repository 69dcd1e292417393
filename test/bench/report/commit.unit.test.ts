import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commitOf } from "./commit.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-commit-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function git(...args: string[]): void {
  execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.test", ...args], { cwd: folder, stdio: "ignore" });
}

it("has no commit where there is no clone", () => {
  expect(commitOf(folder)).toBeUndefined();
});

describe.skipIf(spawnSync("git", ["--version"]).status !== 0)("of a clone", () => {
  beforeEach(async () => {
    await writeFile(join(folder, "code"), "one");
    git("init");
    git("add", ".");
    git("commit", "--no-gpg-sign", "-m", "one");
  });

  it("is the short commit", () => {
    expect(commitOf(folder)).toMatch(/^[0-9a-f]{7,}$/);
  });

  it("says that files differ from it", async () => {
    await writeFile(join(folder, "code"), "two");
    expect(commitOf(folder)).toMatch(/^[0-9a-f]{7,}\+changes$/);
  });

  it("is not taken from a repository around it", async () => {
    const inner = join(folder, "inner");
    await mkdir(inner);
    expect(commitOf(inner)).toBeUndefined();
  });
});
