import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lockDataFolder } from "../../src/databases/lock.ts";
import { startedAt } from "../../src/databases/process-identity.ts";
import { StartFailure } from "../../src/databases/start-failure.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lockOf = (owner: string) => writeFile(join(folder, "lock"), `${owner}\n`);

/** The id of a process that has ended and was waited for. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid ?? 0;
}

it("a folder is one process's; given back, it can be taken again and nothing of the lock is left", async () => {
  const lock = await lockDataFolder(folder);
  await expect(lockDataFolder(folder)).rejects.toBeInstanceOf(StartFailure);
  await lock.release();
  const again = await lockDataFolder(folder);
  await again.release();
  expect(await readdir(folder)).toEqual([]);
});

it("a folder that a living process has is one line that names the process and the way out", async () => {
  const owner = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(owner, "spawn");
  try {
    await lockOf(`${owner.pid} ${await startedAt(owner.pid ?? 0)}`);
    await expect(lockDataFolder(folder)).rejects.toThrow(
      new StartFailure(`the data folder ${folder} is in use by process ${owner.pid}; stop that one, or set DATA_DIR to another folder`),
    );
  } finally {
    owner.kill("SIGKILL");
    await once(owner, "exit");
  }
});

it("the lock of a process that has ended is taken over", async () => {
  await lockOf(`${await deadPid()} long-ago`);
  await lockDataFolder(folder);
  expect(await readFile(join(folder, "lock"), "utf8")).toBe(`${process.pid} ${await startedAt(process.pid)}\n`);
});

it("so is the lock of an earlier process whose id another one has by now", async () => {
  await lockOf(`${process.ppid} long-ago`);
  await lockDataFolder(folder);
  expect(await readFile(join(folder, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} `));
});

it("so is a lock that nobody can read", async () => {
  for (const content of ["", "nonsense", "-1 x", "0 x"]) {
    await lockOf(content);
    const lock = await lockDataFolder(folder);
    await lock.release();
  }
});

it("of many that find the same stale lock, one takes the folder", { timeout: 30_000 }, async () => {
  const stale = `${await deadPid()} long-ago`;
  for (let round = 0; round < 50; round++) {
    await lockOf(stale);
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataFolder(folder)));
    expect(taken.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(folder)).toEqual(["lock"]);
  }
});

it("a start that was killed while it took a stale lock over is in nobody's way", async () => {
  const stale = `${await deadPid()} long-ago`;
  const guard = createHash("sha256").update(`${stale}\n`).digest("hex").slice(0, 16);
  await lockOf(stale);
  await writeFile(join(folder, `lock.${guard}`), `${await deadPid()} a-moment-ago\n`);
  await lockDataFolder(folder);
  expect(await readdir(folder)).toEqual(["lock"]);
});

it("a lock that another process has taken meanwhile is not given back by the one who had it before", async () => {
  const lock = await lockDataFolder(folder);
  await lockOf("1 another");
  await lock.release();
  expect(await readFile(join(folder, "lock"), "utf8")).toBe("1 another\n");
});
