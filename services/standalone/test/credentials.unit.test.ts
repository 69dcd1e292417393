import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureCredentials } from "../src/credentials.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-credentials-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = () => join(folder, "api-credentials");
const modeOf = async () => (await stat(file())).mode & 0o777;

describe("credentials of a standalone start", () => {
  it("that are given are taken, and nothing is kept", async () => {
    expect(await ensureCredentials("me:secret", folder)).toBe("me:secret");
    await expect(stat(file())).rejects.toThrow("ENOENT");
  });

  it("are made once, long enough, for the owner's eyes alone, and kept", async () => {
    const made = await ensureCredentials(undefined, folder);
    expect(made).toMatch(/^openticket:[\w-]{32}$/);
    expect(await modeOf()).toBe(0o600);
    expect(await ensureCredentials(undefined, folder)).toBe(made);
  });

  it("differ from folder to folder", async () => {
    expect(await ensureCredentials(undefined, join(folder, "a"))).not.toBe(await ensureCredentials(undefined, join(folder, "b")));
  });

  it("are made anew where a torn start has left an empty file, for the owner's eyes alone", async () => {
    await writeFile(file(), "\n");
    await chmod(file(), 0o644);
    const made = await ensureCredentials(undefined, folder);
    expect(await readFile(file(), "utf8")).toBe(`${made}\n`);
    expect(await modeOf()).toBe(0o600);
  });

  it("that cannot be read are a fault, not a reason to make new ones", async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, "a file where a folder should be");
    await expect(ensureCredentials(undefined, folder)).rejects.toThrow("ENOTDIR");
  });
});
