import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureCredentials, ensureSecretsKey } from "../src/credentials.ts";

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

describe("the key of secrets of a standalone start", () => {
  const [none, some] = [async () => false, async () => true];

  it("is made once, and kept, also when secrets are sealed with it since", async () => {
    const made = await ensureSecretsKey(undefined, folder, none);
    expect(Buffer.from(made, "base64")).toHaveLength(32);
    expect(await ensureSecretsKey(undefined, folder, some)).toBe(made);
    expect(await ensureSecretsKey("given", folder, some)).toBe("given");
  });

  it("is not made anew beside secrets that it cannot open", async () => {
    await expect(ensureSecretsKey(undefined, folder, some)).rejects.toThrow(`${join(folder, "secrets-key")} is missing; put it back, or set SECRETS_KEY`);
    await expect(stat(join(folder, "secrets-key"))).rejects.toThrow("ENOENT");
  });
});
